// What a module says it was built against. Source: kernel/module/version.c.
import type { ElfFile } from '#elf';

const MODINFO_VERSION_ENTRY = 64;

export function readVersions(section: { size: number } | undefined, elf: ElfFile): ReadonlyMap<string, number> | undefined {
  const versions = elf.section('__versions');
  if (section === undefined || versions === undefined) return undefined;
  const bytes = elf.contents(versions);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const map = new Map<string, number>();
  for (let at = 0; at + MODINFO_VERSION_ENTRY <= bytes.length; at += MODINFO_VERSION_ENTRY) {
    const end = bytes.indexOf(0, at + 8);
    const name = String.fromCharCode(...bytes.subarray(at + 8, Math.min(end < 0 ? bytes.length : end, at + MODINFO_VERSION_ENTRY)));
    if (!map.has(name)) map.set(name, view.getUint32(at, true));
  }
  return map;
}
/** With versions only what follows the release counts. */
export function sameMagic(module: string, kernel: string, versioned: boolean): boolean {
  const tail = (magic: string): string => (versioned ? magic.slice(magic.indexOf(' ')) : magic);
  return tail(module) === tail(kernel);
}
