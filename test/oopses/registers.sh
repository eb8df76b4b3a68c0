insmod oopses.ko
for kind in fault ud2 divide odd; do sh -c "echo registers_$kind > /dev/oopses"; echo "$kind: $?"; done
