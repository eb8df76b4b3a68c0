insmod samples/slabcache/slabcache.ko; echo "insmod $?"
rmmod slabcache; echo "rmmod $?"
