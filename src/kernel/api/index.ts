export * from './absent.ts';
export * from './bind.ts';
export * from './kfunc.ts';
export * from './registers.ts';
export * from './struct.ts';
export * from './types.ts';
export * from './valist.ts';
