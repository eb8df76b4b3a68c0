export * from './host.ts';
export * from './kernels.ts';
