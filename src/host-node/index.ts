export * from './folder.ts';
export * from './host.ts';
export * from './kernels.ts';

/** What makes descriptions, loaded when wanted: few runs of the command do. */
export const importer = (): Promise<typeof import('./import.ts')> => import('./import.ts');
