export * from './api/index.ts';
export * from './cpu.ts';
export * from './description.ts';
export * from './host.ts';
export * from './kernel.ts';
export * from './memory.ts';
export * from './syscalls.ts';
export * from './tables.ts';
