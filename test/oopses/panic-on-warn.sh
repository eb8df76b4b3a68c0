# kernel arguments: panic_on_warn=1
insmod oopses.ko
sh -c 'echo warn_text > /dev/oopses'
echo "after: $?"
