// Makes a kernel description from a kernel's image or package, and writes it.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extractLayouts } from '#kernel';
import { type CallSites, type DescriptionParts, describe, ImportError, LZ4_LEGACY_MAGIC, payloadOfBzImage, unLz4, Vmlinux } from '#kimport';
import { BUILTIN_FILES, CALLERS, describeFolder, LAYOUTS, SHIPPED_KERNEL, shippedCallers } from './kernels.ts';

const XZ = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const GZIP = [0x1f, 0x8b];
const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, n) => bytes[n] === byte);

/** The vmlinux inside a bzImage, or the bytes themselves when they are a vmlinux. */
function vmlinuxOf(image: Uint8Array): Uint8Array {
  if (startsWith(image, [0x7f, 0x45, 0x4c, 0x46])) return image;
  const payload = payloadOfBzImage(image);
  if (startsWith(payload, GZIP)) return gunzipSync(payload);
  if (startsWith(payload, LZ4_LEGACY_MAGIC)) {
    const size = new DataView(payload.buffer, payload.byteOffset + payload.length - 4, 4).getUint32(0, true);
    return unLz4(payload.subarray(0, payload.length - 4), size);
  }
  // The image's build appends the size of the inflated kernel: 4 bytes behind the stream.
  if (startsWith(payload, XZ)) return unxz(payload.subarray(0, payload.length - 4));
  throw new ImportError('the kernel inside the image is compressed in a way that kobox does not know (only xz, gzip and lz4)');
}
/** By the xz program: the kernel's x86 filter is in none of the JavaScript decoders that were tried. */
function unxz(bytes: Uint8Array): Uint8Array {
  const { stdout, error, status, stderr } = spawnSync('xz', ['-dc', '--single-stream'], { input: bytes, maxBuffer: 2 ** 30 });
  if (error !== undefined) throw new ImportError(`importing this kernel needs the program xz (apt install xz-utils): ${error.message}`);
  if (status !== 0) throw new ImportError(`xz could not unpack the kernel: ${stderr.toString().trim()}`);
  return stdout;
}
export function importImage(image: Uint8Array): DescriptionParts {
  return describe(new Vmlinux(vmlinuxOf(image)));
}
/** A kernel image, and files of its package that belong to the description. */
export interface FoundKernel {
  readonly parts: DescriptionParts;
  /** By their names in the description: config, modules.builtin, modules.builtin.modinfo. */
  readonly extra: Readonly<Record<string, Uint8Array>>;
}
/** Imports a vmlinuz or vmlinux, an unpacked kernel package (its folder, or its boot folder), or a Debian package. */
export function importPath(path: string): FoundKernel {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new ImportError(`${path}: no such file or folder`);
  if (stat.isDirectory()) return importFolder(path);
  if (!stat.isFile()) throw new ImportError(`${path} is neither a file nor a folder`);
  if (!path.endsWith('.deb')) return importFile(path);
  const folder = mkdtempSync(join(tmpdir(), 'kobox-deb-'));
  try {
    const { error, status, stderr } = spawnSync('dpkg-deb', ['-x', path, folder], { encoding: 'utf8' });
    if (error !== undefined) throw new ImportError(`unpacking a .deb needs the program dpkg-deb: ${error.message}`);
    if (status !== 0) throw new ImportError(`${path}: ${stderr.trim()}`);
    return importFolder(folder, path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
/** What is wrong with the file is said with its name. */
function importFile(path: string): FoundKernel {
  try {
    return { parts: importImage(readFileSync(path)), extra: {} };
  } catch (error) {
    if (error instanceof ImportError) throw new ImportError(`${path} is no kernel image that kobox can read: ${error.message}`);
    throw error;
  }
}
/** `name`: what messages call it. */
function importFolder(folder: string, name = folder): FoundKernel {
  const boot = existsSync(join(folder, 'boot')) ? join(folder, 'boot') : folder;
  const find = (prefix: string): string | undefined => readdirSync(boot).find((name) => name.startsWith(prefix));
  const image = find('vmlinuz') ?? find('vmlinux');
  if (image === undefined) throw new ImportError(`${name} holds no kernel image (boot/vmlinuz-*)`);
  const { parts } = importFile(join(boot, image));
  const extra: Record<string, Uint8Array> = {};
  const add = (name: string, path: string | undefined): void => {
    if (path !== undefined && existsSync(path)) extra[name] = readFileSync(path);
  };
  const config = find('config-');
  add('config', config === undefined ? undefined : join(boot, config));
  for (const name of BUILTIN_FILES) {
    add(name, ['lib/modules', 'usr/lib/modules'].map((path) => join(folder, path, parts.release, name)).find(existsSync));
  }
  return { parts, extra };
}
/** Writes the description's file of layouts: again after each change of the tables. */
export function writeLayouts(folder: string, btf: Uint8Array = gunzipSync(readFileSync(join(folder, 'btf.gz')))): void {
  const description = describeFolder(folder);
  const lines = extractLayouts(
    btf,
    (name) => (description.exports.has(name) ? undefined : description.kallsyms.byName(name)),
    (option) => description.isSet(option),
  );
  writeFileSync(join(folder, LAYOUTS), `${statSync(join(folder, 'btf.gz')).size}\n${lines}`);
}
/** The ways into a module, as recorded on the shipped kernel, in the image of another: without those that it has not. */
export function waysIn(callSites: CallSites, recorded: string): string {
  const ways = recorded.split(/^(?=\[)/m).map((way) =>
    way
      .trimEnd()
      .split('\n')
      .map((line) => (line.startsWith('[') ? line : callSites.locate(line))),
  );
  return ways.flatMap((way) => (way.includes(undefined) ? [] : [`${way.join('\n')}\n`])).join('');
}
/** Writes a description and gives its size in bytes. */
export function writeDescription(folder: string, { parts, extra }: FoundKernel, source: object): number {
  const recorded = shippedCallers();
  // Nothing stays of an earlier import.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let size = 0;
  const write = (name: string, bytes: Uint8Array | string): void => {
    size += bytes.length;
    writeFileSync(join(folder, name), bytes);
  };
  for (const [name, bytes] of Object.entries({ ...parts.files, ...extra })) write(`${name}.gz`, gzipSync(bytes, { level: 9 }));
  const { release, version, vermagic } = parts;
  write('description.json', `${JSON.stringify({ release, version, vermagic, config: extra['config'] !== undefined, source }, null, 2)}\n`);
  if (recorded !== undefined) write(CALLERS, parts.release === SHIPPED_KERNEL ? recorded : waysIn(parts.callSites, recorded));
  writeLayouts(folder, parts.files.btf);
  return size;
}
