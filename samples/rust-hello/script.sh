insmod samples/rust-hello/rust_hello.ko; echo "insmod $?"
lsmod
modinfo -F description samples/rust-hello/rust_hello.ko
rmmod rust_hello; echo "rmmod $?"
