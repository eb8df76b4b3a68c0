insmod samples/xarray/xarray.ko; echo "insmod $?"
rmmod xarray; echo "rmmod $?"
