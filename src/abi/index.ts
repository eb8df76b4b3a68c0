export * from './errno.ts';
export * from './fcntl.ts';
export * from './signal.ts';
