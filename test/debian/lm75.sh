# modules: i2c-stub lm75
insmod i2c-stub.ko chip_addr=0x48
cat /sys/bus/i2c/devices/i2c-0/name
insmod lm75.ko
echo lm75 0x48 > /sys/bus/i2c/devices/i2c-0/new_device
ls -1 /sys/bus/i2c/devices
cat /sys/bus/i2c/devices/0-0048/name
cat /sys/bus/i2c/devices/0-0048/modalias
cat /sys/bus/i2c/devices/0-0048/uevent
ls -1 /sys/bus/i2c/drivers/lm75
ls -1 /sys/class/hwmon
ls -1 /sys/class/hwmon/hwmon0
cat /sys/class/hwmon/hwmon0/name
cat /sys/class/hwmon/hwmon0/temp1_input
echo 71500 > /sys/class/hwmon/hwmon0/temp1_max
cat /sys/class/hwmon/hwmon0/temp1_max
echo many > /sys/class/hwmon/hwmon0/temp1_max 2>/dev/null || echo refused
cat /sys/class/hwmon/hwmon0/update_interval
echo 0-0048 > /sys/bus/i2c/drivers/lm75/unbind
ls -1 /sys/class/hwmon
echo 0-0048 > /sys/bus/i2c/drivers/lm75/bind
ls -1 /sys/class/hwmon
echo lm75 0x48 > /sys/bus/i2c/devices/i2c-0/new_device 2>/dev/null || echo refused
echo lm75 > /sys/bus/i2c/devices/i2c-0/new_device 2>/dev/null || echo refused
echo lm75 0x4g > /sys/bus/i2c/devices/i2c-0/new_device 2>/dev/null || echo refused
echo lm75 0x80 > /sys/bus/i2c/devices/i2c-0/new_device 2>/dev/null || echo refused
echo 0x49 > /sys/bus/i2c/devices/i2c-0/delete_device 2>/dev/null || echo refused
lsmod
echo 0x48 > /sys/bus/i2c/devices/i2c-0/delete_device
ls -1 /sys/bus/i2c/devices
ls -1 /sys/class/hwmon
echo lm75 0x49 > /sys/bus/i2c/devices/i2c-0/new_device
rmmod i2c-stub
ls -1 /sys/bus/i2c/devices
rmmod lm75
