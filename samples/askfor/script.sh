tree=/lib/modules/$(uname -r)
mkdir -p $tree
cat samples/hello/hello.ko > $tree/hello.ko
depmod; echo "depmod $?"
insmod samples/askfor/askfor.ko; echo "askfor $?"
cat /tmp/asked
lsmod
rmmod askfor; echo "rmmod $?"
rmmod hello; echo "rmmod $?"
insmod samples/askfor/askfor.ko module=nosuch; echo "askfor $?"
rmmod askfor; echo "rmmod $?"
mkdir -p /etc/modprobe.d
echo 'blacklist hello' > /etc/modprobe.d/kobox.conf
insmod samples/askfor/askfor.ko; echo "askfor $?"
echo 'install hello echo instead > /tmp/instead' > /etc/modprobe.d/kobox.conf
rmmod askfor; echo "rmmod $?"
rmmod hello; echo "rmmod $?"
insmod samples/askfor/askfor.ko; echo "askfor $?"
cat /tmp/instead
lsmod
rmmod askfor; echo "rmmod $?"
# What runs is what kernel.modprobe names; nothing does when it is empty.
echo /bin/nosuch > /proc/sys/kernel/modprobe
insmod samples/askfor/askfor.ko; echo "askfor $?"
rmmod askfor; echo "rmmod $?"
echo > /proc/sys/kernel/modprobe
insmod samples/askfor/askfor.ko; echo "askfor $?"
rmmod askfor; echo "rmmod $?"
