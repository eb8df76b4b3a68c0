insmod oopses.ko
for kind in data_call rodata_call heap_call; do sh -c "echo $kind > /dev/oopses"; echo "$kind: $?"; done
