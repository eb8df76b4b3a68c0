// Carries out the commands of test/params/commands.ts on the real kernel, one a line, and prints what came of each:
//   > COMMAND            bytes below 32, above 126, and \ are written \xNN, and long runs of a byte \*COUNT;BYTE, here and in all that follows
//   RESULT               0, a count, or -errno
//   <LEVEL>TEXT          the records that it made
//   NAME = CONTENTS      of each file in parameters/ that is not what it was (after a load: not what it is without arguments)
//   NAME ! ERRNO         the same, of one that cannot be read
//   | LINE               after control and open: lines of dynamic_debug/control about the module that are not what they were
//   tainted MASK         when it changed
// Its twin in TypeScript is test/params/drive.ts, which tells the commands.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORY "/sys/module/every/parameters"
#define CONTROL "/proc/dynamic_debug/control"
#define MOST 128
#define MOST_BYTES 65536
#define LONG_RUN 20

static char *image;
static size_t image_size;
static int kmsg;
static char *names[MOST];
static int count;
static char *defaults[MOST], *now[MOST];
static char *lines[MOST];
static int line_count;
static char tainted[32];

static char *escaped(const char *bytes, size_t length)
{
	char *text = malloc(4 * length + 16), *at = text;

	for (size_t n = 0; n < length; n++) {
		unsigned char c = bytes[n];
		size_t run = 1;

		while (n + run < length && (unsigned char)bytes[n + run] == c)
			run++;
		if (run >= LONG_RUN) {
			at += sprintf(at, "\\*%zu;", run);
			n += run - 1;
		}
		at += sprintf(at, c < 32 || c > 126 || c == '\\' ? "\\x%02x" : "%c", c);
	}
	*at = 0;
	return text;
}
/* One byte that is written \xNN or as it is. */
static char byte_at(const char **from)
{
	unsigned int byte = (unsigned char)**from;

	*from += sscanf(*from, "\\x%2x", &byte) == 1 ? 4 : 1;
	return byte;
}
/* Gives a copy with a zero behind it. */
static char *unescape(const char *from, size_t *length)
{
	char *text = malloc(strlen(from) + MOST_BYTES), *to = text;

	while (*from) {
		int run = 1, digits = 0;

		if (sscanf(from, "\\*%d;%n", &run, &digits) == 1 && digits)
			from += digits;
		else
			run = 1;
		char byte = byte_at(&from);
		memset(to, byte, run);
		to += run;
	}
	*to = 0;
	*length = to - text;
	return text;
}
static void records(void)
{
	static char record[16384];

	for (;;) {
		ssize_t length = read(kmsg, record, sizeof(record) - 1);

		if (length < 0 && errno == EPIPE)
			continue;
		if (length <= 0)
			return;
		record[length] = 0;
		char *text = strchr(record, ';') + 1;
		*strchrnul(text, '\n') = 0;
		if (strstr(text, "clocksource: ") || strstr(text, "hrtimer: "))
			continue;
		/* /dev/kmsg has written \xNN already. */
		size_t length_of_text;
		char *plain = unescape(text, &length_of_text);
		printf("<%d>%s\n", atoi(record) & 7, escaped(plain, length_of_text));
		free(plain);
	}
}
/* "= CONTENTS" or "! ERRNO". */
static char *contents(const char *path)
{
	static char bytes[16384];
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	char *text, *result;

	if (length < 0)
		asprintf(&result, "! %d", errno);
	close(fd);
	if (length < 0)
		return result;
	text = escaped(bytes, length);
	asprintf(&result, "= %s", text);
	free(text);
	return result;
}
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}
static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}
static void list(void)
{
	struct dirent **entries;
	int n = scandir(DIRECTORY, &entries, visible, by_name);

	for (count = 0; count < n; count++)
		names[count] = entries[count]->d_name;
}
static void show_changes(char *before[])
{
	for (int n = 0; n < count; n++) {
		char path[256];

		snprintf(path, sizeof(path), DIRECTORY "/%s", names[n]);
		char *text = contents(path);
		if (!before[n] || strcmp(before[n], text))
			printf("%s %s\n", names[n], text);
		now[n] = text;
	}
}
static void show_control(void)
{
	FILE *file = fopen(CONTROL, "r");
	static char line[4096];
	int n = 0;

	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, "[every]"))
			continue;
		line[strcspn(line, "\n")] = 0;
		if (n >= line_count || strcmp(lines[n], line))
			printf("| %s\n", line);
		lines[n++] = strdup(line);
	}
	fclose(file);
	line_count = n;
}
static void show_taint(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY);

	read(fd, text, sizeof(text) - 1);
	close(fd);
	text[strcspn(text, "\n")] = 0;
	if (strcmp(text, tainted))
		printf("tainted %s\n", text);
	strcpy(tainted, text);
}
static long result(long value)
{
	printf("%ld\n", value == -1 ? -(long)errno : value);
	return value;
}
static void load(const char *escaped_args, int stay)
{
	size_t args_length;
	char *args = unescape(escaped_args, &args_length);
	long loaded = result(syscall(SYS_init_module, image, image_size, args));

	records();
	if (loaded == 0) {
		if (count == 0)
			list();
		show_changes(defaults);
		if (!defaults[0])
			memcpy(defaults, now, sizeof(now));
		records();
		if (stay)
			show_control();
		else
			syscall(SYS_delete_module, "every", O_NONBLOCK);
		records();
	}
}
static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), name[0] == '/' ? "%s" : DIRECTORY "/%s", name);
	return path;
}
static void write_file(const char *path, char *value, size_t length)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0) {
		printf("open: ");
		result(fd);
	} else {
		result(write(fd, value, length));
	}
	close(fd);
	records();
}
static void carry_out(char *line)
{
	char *save = line, *command = strsep(&save, " ");

	if (!save)
		save = line + strlen(line);
	if (!strcmp(command, "load") || !strcmp(command, "open")) {
		load(save, command[0] == 'o');
	} else if (!strcmp(command, "close")) {
		result(syscall(SYS_delete_module, "every", O_NONBLOCK));
		records();
		line_count = 0;
	} else if (!strcmp(command, "write")) {
		char *name = strsep(&save, " ");
		size_t length;
		char *value = unescape(save ? save : "", &length);

		write_file(path_of(name), value, length);
		free(value);
		if (name[0] != '/')
			show_changes(now);
		records();
	} else if (!strcmp(command, "control")) {
		size_t length;
		char *query = unescape(save, &length);

		write_file(CONTROL, query, length);
		free(query);
		show_control();
	} else if (!strcmp(command, "read")) {
		/* NAME COUNT OFFSET */
		char *name = strsep(&save, " ");
		size_t size = strtoul(strsep(&save, " "), NULL, 10);
		char *bytes = malloc(size + 1);
		int fd = open(path_of(name), O_RDONLY);
		ssize_t length = fd < 0 ? -1 : pread(fd, bytes, size, atoi(save));

		if (fd < 0)
			printf("open: ");
		result(length);
		if (length > 0)
			printf("%s\n", escaped(bytes, length));
		close(fd);
		records();
	} else if (!strcmp(command, "chmod")) {
		char *name = strsep(&save, " ");

		result(chmod(path_of(name), strtol(save, NULL, 8)));
	} else {
		printf("what is %s?\n", command);
	}
	show_taint();
}
int main(int argc, char *argv[])
{
	static char line[262144];
	struct stat stat;
	int fd = open(argv[1], O_RDONLY);
	FILE *commands = fopen(argv[2], "r");

	fstat(fd, &stat);
	image_size = stat.st_size;
	image = mmap(NULL, image_size, PROT_READ, MAP_PRIVATE, fd, 0);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	lseek(kmsg, 0, SEEK_END);
	while (fgets(line, sizeof(line), commands)) {
		line[strcspn(line, "\n")] = 0;
		printf("> %s\n", line);
		carry_out(line);
	}
	return 0;
}
