export * from './errno.ts';
export * from './fcntl.ts';
