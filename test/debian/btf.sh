# modules: i2c-stub
ls -1 /sys/kernel/btf
insmod i2c-stub.ko chip_addr=0x48
ls -1 /sys/kernel/btf; stat -c '%A %s %n' /sys/kernel/btf/i2c_stub; md5sum < /sys/kernel/btf/i2c_stub
head -c 4 /sys/kernel/btf/i2c_stub | od -An -tx1
cat /sys/module/i2c_stub/taint; ls -1 /sys/module/i2c_stub
rmmod i2c_stub
ls -1 /sys/kernel/btf
