insmod samples/rust-hello/rust-hello.ko; echo "insmod $?"
lsmod
modinfo -F description samples/rust-hello/rust-hello.ko
rmmod rust-hello; echo "rmmod $?"
