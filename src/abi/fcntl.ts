// open(2) flags and file types (include/uapi/asm-generic/fcntl.h, include/uapi/linux/stat.h).
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;

export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;
export const S_IFSOCK = 0o140000;

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;

/** dev_t of user space's view here: major << 20 | minor. */
const MINOR_BITS = 20;
export const makeDevice = (major: number, minor: number): number => major * 2 ** MINOR_BITS + minor;
export const majorOf = (dev: number): number => dev >>> MINOR_BITS;
export const minorOf = (dev: number): number => dev & (2 ** MINOR_BITS - 1);
