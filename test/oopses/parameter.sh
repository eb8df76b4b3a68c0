insmod oopses.ko bad=null_write; echo "insmod: $?"
