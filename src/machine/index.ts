export * from './boot.ts';
export * from './cpu.ts';
export * from './machine.ts';
