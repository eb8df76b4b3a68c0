// How iced-x86 is loaded by default: as Node's require() does. The bundle has its own (tools/build.mjs).
import type { IcedModule } from './iced.ts';

export function loadIced(): IcedModule {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: 'module'): { createRequire(from: string): (name: string) => unknown } };
  };
  const { url } = import.meta as unknown as { url: string };
  return process.getBuiltinModule('module').createRequire(url)('iced-x86') as IcedModule;
}
