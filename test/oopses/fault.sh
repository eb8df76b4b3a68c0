insmod oopses.ko
for kind in null_read null_write null_call user_read user_write user_call error_read odd_read odd_write odd_call; do sh -c "echo $kind > /dev/oopses"; echo "$kind: $?"; done
rmmod oopses
