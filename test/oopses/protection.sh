insmod oopses.ko
for kind in text_write rodata_write ro_after_init_write; do sh -c "echo $kind > /dev/oopses"; echo "$kind: $?"; done
