// Inserts each module file alone and takes it out again; says what the system call gave and what the kernel said.
// Output, a block a file: "== FILE ERRNO", the kernel's records as "<LEVEL>TEXT", and "stays" when it cannot be removed.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ_ALL = 3, CLEAR = 5 };

/* The newest module's name; "" when there is none. */
static void newest(char *name)
{
	FILE *file = fopen("/proc/modules", "r");

	name[0] = 0;
	if (file == NULL)
		return;
	if (fscanf(file, "%63s", name) != 1)
		name[0] = 0;
	fclose(file);
}
int main(int argc, char **argv)
{
	static char log[1 << 18];

	for (int n = 1; n < argc; n++) {
		char before[64], after[64];
		int fd = open(argv[n], O_RDONLY), result, error, length;

		newest(before);
		klogctl(CLEAR, NULL, 0);
		result = syscall(SYS_finit_module, fd, "", 0);
		error = result < 0 ? errno : 0;
		close(fd);
		length = klogctl(READ_ALL, log, sizeof(log) - 1);
		log[length < 0 ? 0 : length] = 0;
		printf("== %s %d\n%s", argv[n], error, log);
		newest(after);
		if (error == 0 && strcmp(before, after) != 0 && syscall(SYS_delete_module, after, O_NONBLOCK) != 0)
			printf("stays\n");
		fflush(stdout);
	}
	return 0;
}
