insmod samples/rbtree/rbtree.ko; echo "insmod $?"
rmmod rbtree; echo "rmmod $?"
