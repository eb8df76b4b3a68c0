// Extracts a kernel description from a kernel image.

import { builtinText } from './builtin.ts';
import { CallSites } from './callsites.ts';
import { ImportError } from './errors.ts';
import type { Symbol } from './kallsyms.ts';
import { type Bug, type DebugSite, type Export, signExtend, Vmlinux } from './vmlinux.ts';

export { CallSites } from './callsites.ts';
export { ImportError } from './errors.ts';
export { LZ4_LEGACY_MAGIC, unLz4 } from './lz4.ts';
export { Vmlinux } from './vmlinux.ts';

/** The files of a description, before compression. */
export interface DescriptionParts {
  readonly release: string;
  readonly version: string;
  readonly vermagic: string;
  readonly files: Readonly<
    Record<'exports' | 'kallsyms' | 'bugs' | 'builtin' | 'dyndbg' | 'notes' | 'btf' | 'certificates' | 'data' | 'data.json', Uint8Array>
  >;
  readonly callSites: CallSites;
}

/** Larger objects are tables of the kernel's own, which no module reads whole. */
const LARGEST_DATA = 16384;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The compressed payload of a bzImage. Source: Documentation/x86/boot.rst, fields setup_sects, payload_offset, payload_length. */
export function payloadOfBzImage(image: Uint8Array): Uint8Array {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < 0x260 || view.getUint32(0x202, true) !== 0x53726448) throw new ImportError('not a bzImage (no HdrS)', 0x202);
  const start = ((image[0x1f1] as number) + 1) * 512 + view.getUint32(0x248, true);
  const length = view.getUint32(0x24c, true);
  if (start + length > image.length) throw new ImportError('the payload reaches past the end of the image', 0x248);
  return image.subarray(start, start + length);
}

export function describe(vmlinux: Vmlinux): DescriptionParts {
  const version = vmlinux.banner();
  const release = version.split(' ')[2] ?? '';
  const symbols = vmlinux.kallsyms();
  const exports = vmlinux.exports();
  const { data, index } = exportedData(vmlinux, exports, symbols);
  return {
    release,
    version,
    vermagic: vmlinux.vermagic(release),
    files: {
      exports: utf8(exports.map(exportLine).join('\n')),
      kallsyms: utf8(kallsymsText(symbols)),
      bugs: utf8(bugsText(vmlinux.bugs())),
      builtin: utf8(builtinText(vmlinux, symbols, exports)),
      // An image without the section has no notes to show.
      notes: vmlinux.section('.notes') ?? new Uint8Array(0),
      dyndbg: utf8(debugSitesText(vmlinux.debugSites(symbols))),
      btf: vmlinux.btf(),
      certificates: certificates(vmlinux, symbols),
      data,
      'data.json': utf8(JSON.stringify(index)),
    },
    callSites: new CallSites(vmlinux, symbols),
  };
}
/** The keys that the kernel trusts from its build on: X.509 certificates in DER, one after another. Source: certs/system_certificates.S. */
function certificates(vmlinux: Vmlinux, symbols: readonly Symbol[]): Uint8Array {
  const address = (name: string): number | undefined => symbols.find((symbol) => symbol.name === name)?.address;
  const [list, size] = [address('system_certificate_list'), address('system_certificate_list_size')];
  const length = size === undefined ? undefined : vmlinux.at(size, 4);
  if (list === undefined || length === undefined) return new Uint8Array(0);
  return vmlinux.at(list, new DataView(length.buffer, length.byteOffset).getUint32(0, true)) ?? new Uint8Array(0);
}
function exportLine({ gpl, address, crc, name, namespace }: Export): string {
  return `${gpl ? '!' : ''}${address.toString(16)} ${crc.toString(16)} ${name} ${namespace}`.trimEnd();
}
/** One line a symbol: type letter, difference to the address before in base 36, name. */
function kallsymsText(symbols: readonly Symbol[]): string {
  let last = 0;
  return symbols
    .map(({ type, address, name }) => {
      const delta = address - last;
      last = address;
      return `${type}${delta.toString(36)} ${name}`;
    })
    .join('\n');
}
/** One line a bug: low half of its address in base 36, line, and the file when it is another than before. */
function bugsText(bugs: readonly Bug[]): string {
  let last = '';
  return bugs
    .map(({ address, file, line }) => {
      const same = file === last;
      last = file;
      return `${address.toString(36)} ${line}${same ? '' : ` ${file}`}`;
    })
    .join('\n');
}

/** One line a site: line, flags, class, format as JSON; then function, file and module, as far as they are others than before. */
function debugSitesText(sites: readonly DebugSite[]): string {
  let last: readonly string[] = [];
  return sites
    .map((site) => {
      const names = [site.function, site.file, site.module];
      const same = names.map((name, n) => name === last[n]);
      const changed = names.slice(0, same.lastIndexOf(false) + 1);
      last = names;
      return [site.line, site.flags, site.classId, JSON.stringify(site.format), ...changed].join('\t');
    })
    .join('\n');
}

/** The first contents of each exported object (not text), as far as the file holds them. */
function exportedData(
  vmlinux: Vmlinux,
  exports: readonly Export[],
  symbols: readonly Symbol[],
): { data: Uint8Array; index: Record<string, [number, number]> } {
  const sorted = [...new Set(symbols.map(({ address }) => address).filter((address) => signExtend(address) < 0))].sort((a, b) => a - b);
  const types = new Map(symbols.map(({ name, type }) => [name, type]));
  const following = new Map(sorted.map((address, n) => [address, sorted[n + 1] ?? address]));
  const index: Record<string, [number, number]> = {};
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (const { name, address } of exports) {
    if (!/[rRdD]/.test(types.get(name) ?? '')) continue;
    const size = (following.get(address) ?? address) - address;
    const bytes = size > 0 && size <= LARGEST_DATA ? vmlinux.at(address, size) : undefined;
    if (bytes === undefined) continue;
    index[name] = [total, size];
    chunks.push(bytes);
    total += size;
  }
  const data = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    data.set(chunk, at);
    at += chunk.length;
  }
  return { data, index };
}
