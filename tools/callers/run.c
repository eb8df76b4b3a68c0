// Makes the system calls that lead into callers.ko, each of the plain kind. Usage: run callers.ko
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void use(const char *path)
{
	char byte = '1';
	int fd = open(path, O_RDWR);
	struct pollfd entry = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return;
	if (read(fd, &byte, 1) < 0 || write(fd, &byte, 1) < 0)
		perror(path);
	lseek(fd, 0, SEEK_SET);
	poll(&entry, 1, 0);
	ioctl(fd, 0x1234, 0);
	close(fd);
}
static void read_and_write(const char *path)
{
	char byte = '1';
	int fd = open(path, O_RDONLY);

	if (fd >= 0) {
		if (read(fd, &byte, 1) < 0)
			perror(path);
		close(fd);
	}
	fd = open(path, O_WRONLY);
	if (fd >= 0) {
		if (write(fd, &byte, 1) < 0)
			perror(path);
		close(fd);
	}
}
int main(int argc, char **argv)
{
	static char image[1 << 21];
	int fd = open(argv[1], O_RDONLY);
	long size = read(fd, image, sizeof image);

	if (syscall(SYS_init_module, image, size, "load=1") != 0)
		perror("init_module");
	sleep(1);
	syscall(SYS_delete_module, "callers", O_NONBLOCK);
	if (syscall(SYS_finit_module, fd, "load=1", 0) != 0)
		perror("finit_module");
	sleep(1);
	use("/dev/callers");
	use("/dev/callers_misc");
	use("/sys/kernel/debug/callers/file");
	use("/proc/callers");
	read_and_write("/proc/callers_seq");
	read_and_write("/proc/callers_kernel_seq");
	read_and_write("/sys/module/callers/parameters/value");
	read_and_write("/sys/kernel/callers/value");
	read_and_write("/sys/class/callers/callers/value");
	syscall(SYS_delete_module, "callers", O_NONBLOCK);
	return 0;
}
