# kernel arguments: panic_on_taint=0x400
insmod oopses.ko
sh -c 'echo warn_taint > /dev/oopses'
echo "after: $?"
