// sys: makes system calls one after another and says what each returned. The recorder's twin of kobox's own command
// (src/shell/sys.ts tells the language); it runs on the real kernel in QEMU.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 8
#define MAX_BYTES 65536

struct background {
	pid_t pid;
	int pipe;
};
static int files[256];
static struct background background[16];
static int started, waited;

static void quit(const char *why, const char *call)
{
	dprintf(2, "sys: %s: %s\n", why, call);
	exit(2);
}

static int word(char *text, char *words[])
{
	int n = 0;

	for (char *w = strtok(text, " "); w && n < MAX_WORDS; w = strtok(NULL, " "))
		words[n++] = w;
	for (int rest = n; rest < MAX_WORDS; rest++)
		words[rest] = "";
	return n;
}

static void quote(FILE *out, const unsigned char *bytes, long count)
{
	fputs(" \"", out);
	for (long n = 0; n < count; n++) {
		if (bytes[n] == '\n')
			fputs("\\n", out);
		else if (bytes[n] == '"' || bytes[n] == '\\')
			fprintf(out, "\\%c", bytes[n]);
		else if (bytes[n] < ' ' || bytes[n] > '~')
			fprintf(out, "\\x%02x", bytes[n]);
		else
			fputc(bytes[n], out);
	}
	fputc('"', out);
}

static long command(const char *text)
{
	char direction[3] = "", type;
	int number, size = 0, dir;

	if (sscanf(text, "_IO%2[RW](%c,%d,%d)", direction, &type, &number, &size) < 3 && sscanf(text, "_IO(%c,%d)", &type, &number) < 2)
		return strtoul(text, NULL, 0);
	dir = (strchr(direction, 'R') ? _IOC_READ : 0) | (strchr(direction, 'W') ? _IOC_WRITE : 0);
	return _IOC(dir, type, number, size);
}

// ioctl NAME COMMAND [NUMBER]: the number itself, or, as the command's direction says, a pointer to it.
static long do_ioctl(FILE *out, int fd, char *words[])
{
	unsigned long request = command(words[2]);
	long value = strtol(words[3], NULL, 0), result;
	int size = _IOC_SIZE(request);
	unsigned char buffer[1 << _IOC_SIZEBITS] = "";

	if (_IOC_DIR(request) == _IOC_NONE)
		return ioctl(fd, request, value);
	memcpy(buffer, &value, size < (int)sizeof(value) ? size : (int)sizeof(value));
	result = ioctl(fd, request, buffer);
	if (result >= 0 && _IOC_DIR(request) & _IOC_READ) {
		int error = errno;

		fprintf(out, "%ld", result);
		if (size == sizeof(int))
			fprintf(out, " [%d]\n", *(int *)buffer);
		else {
			quote(out, buffer, size);
			fputc('\n', out);
		}
		errno = error;
		return -2;
	}
	return result;
}

// A socket that hears the kernel's uevents.
static int uevents(int nonblock)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | (nonblock ? SOCK_NONBLOCK : 0), NETLINK_KOBJECT_UEVENT);

	return fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

// capset MASK: the process's effective capabilities.
static int do_capset(unsigned long mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective = mask & data[0].permitted;
	data[1].effective = (mask >> 32) & data[1].permitted;
	return syscall(SYS_capset, &header, data);
}

// What follows the n-th blank.
static const char *rest(const char *text, int n)
{
	for (; n > 0 && text; n--)
		text = (text = strchr(text, ' ')) ? text + 1 : NULL;
	return text ? text : "";
}

// init FILE [ARGUMENTS], initnull FILE, initlen LENGTH FILE, finit FLAGS r|w|rw FILE [ARGUMENTS], finitfd FD FLAGS, delete FLAGS NAME.
static long module_call(const char *text, char *words[])
{
	struct stat stat;
	const char *path = words[1];
	long result;
	void *image;
	int fd;

	if (!strcmp(words[0], "delete"))
		return syscall(SYS_delete_module, rest(text, 2), strtoul(words[1], NULL, 0));
	if (!strcmp(words[0], "finitfd"))
		return syscall(SYS_finit_module, atoi(words[1]), "", strtoul(words[2], NULL, 0));
	if (!strcmp(words[0], "finit")) {
		fd = open(words[3], !strcmp(words[2], "rw") ? O_RDWR : !strcmp(words[2], "w") ? O_WRONLY : O_RDONLY);
		result = syscall(SYS_finit_module, fd, rest(text, 4), strtoul(words[1], NULL, 0));
		close(fd);
		return result;
	}
	if (!strcmp(words[0], "initlen"))
		path = words[2];
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &stat))
		quit("cannot read", path);
	image = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (!strcmp(words[0], "initlen"))
		return syscall(SYS_init_module, image, strtoul(words[1], NULL, 0), "");
	return syscall(SYS_init_module, image, stat.st_size, !strcmp(words[0], "initnull") ? NULL : rest(text, 2));
}

// One call; its result goes to `out`, with the newline.
static void call(FILE *out, const char *text)
{
	static char bytes[MAX_BYTES];
	char copy[4096], *words[MAX_WORDS];
	int fd;
	long result;

	snprintf(copy, sizeof(copy), "%s", text);
	word(copy, words);
	fd = files[(unsigned char)words[1][0]];
	if (!strcmp(words[0], "open")) {
		int flags = 0;

		for (int n = 3; n < MAX_WORDS; n++)
			flags |= !strcmp(words[n], "w") ? O_WRONLY : !strcmp(words[n], "rw") ? O_RDWR : !strcmp(words[n], "nonblock") ? O_NONBLOCK : !strcmp(words[n], "append") ? O_APPEND : 0;
		result = files[(unsigned char)words[1][0]] = open(words[2], flags);
	} else if (!strcmp(words[0], "close")) {
		result = close(fd);
	} else if (!strcmp(words[0], "read")) {
		result = read(fd, bytes, atoi(words[2]));
		if (result >= 0) {
			fprintf(out, "%ld", result);
			quote(out, (unsigned char *)bytes, result);
			fputc('\n', out);
			return;
		}
	} else if (!strcmp(words[0], "write")) {
		const char *from = text + strlen("write a ");
		char *to = bytes;

		for (; *from; from++)
			*to++ = from[0] == '\\' && from[1] == 'n' ? (from++, '\n') : *from;
		result = write(fd, bytes, to - bytes);
	} else if (!strcmp(words[0], "lseek")) {
		result = lseek(fd, atol(words[2]), !strcmp(words[3], "end") ? SEEK_END : !strcmp(words[3], "cur") ? SEEK_CUR : !strcmp(words[3], "data") ? SEEK_DATA : SEEK_SET);
	} else if (!strcmp(words[0], "ioctl")) {
		result = do_ioctl(out, fd, words);
		if (result == -2)
			return;
	} else if (!strcmp(words[0], "uevents")) {
		result = files[(unsigned char)words[1][0]] = uevents(!strcmp(words[2], "nonblock"));
	} else if (!strcmp(words[0], "capset")) {
		result = do_capset(strtoul(words[1], NULL, 16));
	} else if (!strcmp(words[0], "syslog")) {
		int type = atoi(words[1]);

		result = klogctl(type, bytes, atoi(words[2]));
		if (result > 0 && type >= 2 && type <= 4) {
			fprintf(out, "%ld", result);
			quote(out, (unsigned char *)bytes, result);
			fputc('\n', out);
			return;
		}
	} else if (!strcmp(words[0], "poll")) {
		struct pollfd pollfd = { fd, (strstr(words[2], "in") ? POLLIN : 0) | (strstr(words[2], "out") ? POLLOUT : 0), 0 };

		result = poll(&pollfd, 1, atoi(words[3]));
		if (result > 0) {
			fprintf(out, "%ld%s%s%s%s\n", result, pollfd.revents & POLLIN ? " in" : "", pollfd.revents & POLLOUT ? " out" : "",
				pollfd.revents & POLLERR ? " err" : "", pollfd.revents & POLLHUP ? " hup" : "");
			return;
		}
	} else if (strstr("init initnull initlen finit finitfd delete", words[0])) {
		result = module_call(text, words);
	} else {
		quit("unknown call", text);
		return;
	}
	// An errno of 4096 or more is none to the C library.
	if (result == -1 && strerrorname_np(errno))
		fprintf(out, "-1 %s\n", strerrorname_np(errno));
	else if (result == -1)
		fprintf(out, "-1 %d\n", errno);
	else
		fprintf(out, "%ld\n", result);
}

static void start(const char *text)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0)
		quit("cannot fork", text);
	if (pid == 0) {
		FILE *out = fdopen(ends[1], "w");

		call(out, text);
		fclose(out);
		_exit(0);
	}
	close(ends[1]);
	// Out of the way of the numbers of the files.
	background[started].pipe = fcntl(ends[0], F_DUPFD, 100);
	close(ends[0]);
	background[started++].pid = pid;
}

static void finish(void)
{
	char buffer[MAX_BYTES];
	long count;

	while ((count = read(background[waited].pipe, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, count, stdout);
	waitpid(background[waited++].pid, NULL, 0);
}

static void interrupted(int number)
{
}

int main(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = interrupted };

	memset(files, -1, sizeof(files));
	sigaction(SIGUSR1, &action, NULL);
	for (int n = 1; n < argc; n++) {
		printf("%s", argv[n]);
		if (argv[n][0] == '&') {
			putchar('\n');
			fflush(stdout);
			start(argv[n] + 2);
		} else if (!strncmp(argv[n], "sleep ", 6)) {
			putchar('\n');
			fflush(stdout);
			usleep(atof(argv[n] + 6) * 1e6);
		} else if (!strcmp(argv[n], "signal")) {
			putchar('\n');
			kill(background[started - 1].pid, SIGUSR1);
		} else if (!strcmp(argv[n], "wait")) {
			printf(" = ");
			fflush(stdout);
			finish();
		} else {
			printf(" = ");
			fflush(stdout);
			call(stdout, argv[n]);
		}
		fflush(stdout);
	}
	return 0;
}
