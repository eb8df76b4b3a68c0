insmod samples/runtimepm/runtimepm.ko; echo "insmod $?"
cd /sys/devices/platform/runtimepm
cat power/runtime_status power/control
echo 1 > use; cat power/runtime_status
echo 1 > use; echo 0 > use; cat power/runtime_status
echo 0 > use; cat power/runtime_status
echo 0 > use
echo on > power/control; cat power/control power/runtime_status
echo auto > power/control; sleep 1; cat power/control power/runtime_status
echo 100 > power/autosuspend_delay_ms 2>/dev/null; echo "delay $?"
ls power; cat power/runtime_usage power/runtime_enabled power/runtime_active_kids
cd /root
rmmod runtimepm; echo "rmmod $?"
