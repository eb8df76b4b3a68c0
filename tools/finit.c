// Inserts module files and takes each out again; says what the system call gave and what the kernel said.
// Usage: finit [FILE | -p PARAMETERS | -k]...     -p: parameters of the next file; -k: the next one stays
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

	const char *parameters = "";
	int keep = 0;

	for (int n = 1; n < argc; n++) {
		char before[64], after[64];
		int fd, result, error, length;

		if (strcmp(argv[n], "-p") == 0) {
			parameters = argv[++n];
			continue;
		}
		if (strcmp(argv[n], "-k") == 0) {
			keep = 1;
			continue;
		}
		fd = open(argv[n], O_RDONLY);
		newest(before);
		klogctl(CLEAR, NULL, 0);
		result = syscall(SYS_finit_module, fd, parameters, 0);
		error = result < 0 ? errno : 0;
		close(fd);
		length = klogctl(READ_ALL, log, sizeof(log) - 1);
		log[length < 0 ? 0 : length] = 0;
		printf("== %s %d\n%s", argv[n], error, log);
		newest(after);
		if (error == 0 && !keep && strcmp(before, after) != 0 && syscall(SYS_delete_module, after, O_NONBLOCK) != 0)
			printf("stays\n");
		parameters = "";
		keep = 0;
		fflush(stdout);
	}
	return 0;
}
