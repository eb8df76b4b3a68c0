// Loads iced-x86. Its npm build is for Node (CommonJS, reads its .wasm with `fs`); a browser host sets its own loader.
import type * as Iced from 'iced-x86';
import { loadIced } from './load-iced.ts';

export type IcedModule = typeof Iced;

let loaded: IcedModule | undefined;
let loader = loadIced;

/** Replaces the way iced-x86 is loaded. Precondition: nothing was decoded yet. */
export function setIcedLoader(load: () => IcedModule): void {
  loader = load;
}

/** iced-x86; loaded when first needed, as that costs tens of milliseconds. */
export function iced(): IcedModule {
  loaded ??= loader();
  return loaded;
}
