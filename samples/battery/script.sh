insmod samples/battery/battery.ko; echo "insmod $?"
ls /sys/class/power_supply
ls /sys/class/power_supply/sample_battery | grep -v -e hwmon -e wakeup
cat /sys/class/power_supply/sample_battery/type /sys/class/power_supply/sample_battery/status /sys/class/power_supply/sample_battery/technology
cat /sys/class/power_supply/sample_battery/capacity /sys/class/power_supply/sample_battery/capacity_level /sys/class/power_supply/sample_battery/scope
cat /sys/class/power_supply/sample_battery/model_name /sys/class/power_supply/sample_battery/present /sys/class/power_supply/sample_battery/current_max
cat /sys/class/power_supply/sample_battery/online 2>/dev/null; echo "online $?"
cat /sys/class/power_supply/sample_battery/uevent
echo 95 > /sys/module/battery/parameters/charge
echo 1 > /sys/module/battery/parameters/status
cat /sys/class/power_supply/sample_battery/status /sys/class/power_supply/sample_battery/capacity /sys/class/power_supply/sample_battery/capacity_level
echo 500000 > /sys/class/power_supply/sample_battery/current_max; echo "write $?"
rmmod battery; echo "rmmod $?"
ls /sys/class/power_supply
