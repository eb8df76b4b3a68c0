// What a module says it was built against. Source: kernel/module/version.c.
import type { ElfFile } from '#elf';
import { findSection } from './checks.ts';

const MODVERSION_INFO = 64;
const NAME = 8;

/** CRCs of imported symbols. */
export type Versions = ReadonlyMap<string, number>;

/** undefined: the module has no __versions. Of several entries for a name the first counts. */
export function readVersions(elf: ElfFile): Versions | undefined {
  const section = findSection(elf, '__versions');
  if (section === undefined) return undefined;
  const bytes = elf.contents(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const map = new Map<string, number>();
  for (let at = 0; at + MODVERSION_INFO <= bytes.length; at += MODVERSION_INFO) {
    const end = bytes.indexOf(0, at + NAME);
    const name = String.fromCharCode(...bytes.subarray(at + NAME, Math.min(end < 0 ? bytes.length : end, at + MODVERSION_INFO)));
    if (!map.has(name)) map.set(name, view.getUint32(at, true));
  }
  return map;
}
/** With versions only what follows the release counts. */
export function sameMagic(module: string, kernel: string, versioned: boolean): boolean {
  const tail = (magic: string): string => {
    const blank = magic.indexOf(' ');
    return versioned ? magic.slice(blank < 0 ? magic.length : blank) : magic;
  };
  return tail(module) === tail(kernel);
}
