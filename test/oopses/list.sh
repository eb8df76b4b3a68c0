insmod oopses.ko
for kind in add_null add_twice add_broken del_null del_twice del_broken; do sh -c "echo list_$kind > /dev/oopses"; echo "$kind: $?"; done
