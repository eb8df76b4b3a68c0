insmod oopses.ko
for kind in hole_read hole_write hole_call; do sh -c "echo $kind > /dev/oopses"; echo "$kind: $?"; done
