insmod oopses.ko
for kind in warn warn warn_text warn_on_once warn_on_once warn_once warn_once warn_two_lines warn_taint; do sh -c "echo $kind > /dev/oopses"; echo "$kind: $?"; done
cat /proc/sys/kernel/tainted
rmmod oopses
insmod oopses.ko
sh -c 'echo warn_on_once > /dev/oopses'
sh -c 'echo warn_once > /dev/oopses'
rmmod oopses
insmod oopses.ko init=warn exit=warn_text
rmmod oopses
insmod oopses.ko bad=dump
sh -c 'echo dump > /dev/oopses'
