// Kernel descriptions on disk: those that ship, and those that the user has imported.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type KernelDescription, loadDescription } from '#kernel';
import { ImportError } from '#kimport';

/** Release of the kernel description inside the package. */
export const SHIPPED_KERNEL = '6.1.0-56-amd64';
/** The file of a description that holds what kobox's tables ask of its BTF: made by import and by build. */
export const LAYOUTS = 'layouts';
/** How the kernel comes to a module's functions (KernelDescription.wayTo). */
export const CALLERS = 'callers';
/** What a kernel package says of the modules inside the image, for depmod, modprobe and modinfo. */
export const BUILTIN_FILES = ['modules.builtin', 'modules.builtin.modinfo'] as const;

function shippedFolder(): string {
  // The sources lie two folders below the package, the bundle one.
  const here = fileURLToPath(new URL('.', import.meta.url));
  const up = ['..', '../..', '../../..'].map((path) => join(here, path, 'assets', 'kernels'));
  return up.find(existsSync) ?? (up[0] as string);
}
export function importedFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kobox', 'kernels');
}
/** Every release that `loadKernel` knows, shipped ones first. */
export function listKernels(): { release: string; folder: string }[] {
  return [shippedFolder(), importedFolder()].flatMap((root) =>
    existsSync(root) ? readdirSync(root).map((release) => ({ release, folder: join(root, release) })) : [],
  );
}
/** The description of a shipped or imported kernel. Its parts are read when they are first used. */
export function loadKernel(release: string = SHIPPED_KERNEL): KernelDescription {
  const description = loaded.get(release) ?? load(release);
  loaded.set(release, description);
  return description;
}
/** A description never changes: every kernel of the process shares it. */
const loaded = new Map<string, KernelDescription>();
function load(release: string): KernelDescription {
  const found = listKernels().find((kernel) => kernel.release === release);
  if (found === undefined) {
    throw new ImportError(`no kernel ${release}: import it with 'kobox kernel import PATH' (see 'kobox kernel list')`);
  }
  return describeFolder(found.folder);
}
/** The description in a folder. */
export function describeFolder(folder: string): KernelDescription {
  const inflate = (name: string): Buffer => gunzipSync(readFileSync(join(folder, `${name}.gz`)));
  const inflateIfThere = (name: string): Buffer | undefined => (existsSync(join(folder, `${name}.gz`)) ? inflate(name) : undefined);
  return loadDescription({
    header: () => readFileSync(join(folder, 'description.json'), 'utf8'),
    bytes: inflate,
    layouts: () => readLayouts(folder),
    bugs: () => inflateIfThere('bugs')?.toString(),
    builtin: () => inflateIfThere('builtin')?.toString('latin1'),
    notes: () => inflateIfThere('notes'),
    certificates: () => inflateIfThere('certificates'),
    debugSites: () => inflateIfThere('dyndbg')?.toString(),
    callers: () => readIfThere(join(folder, CALLERS)),
    text: (name) => Buffer.from(inflate(name).buffer).toString('latin1'),
  });
}
/** A file that belongs to a description but not every description has. */
export function descriptionFile(release: string, name: string): Uint8Array | undefined {
  const folder = listKernels().find((kernel) => kernel.release === release)?.folder;
  const file = folder === undefined ? undefined : join(folder, `${name}.gz`);
  return file !== undefined && existsSync(file) ? gunzipSync(readFileSync(file)) : undefined;
}
/** The modules that ship with kobox, in folders by their names; undefined when they are not there. */
export function samplesFolder(): string | undefined {
  const folder = join(shippedFolder(), '..', '..', 'samples');
  return existsSync(folder) ? folder : undefined;
}

/** The ways into a module that tools/record-callers.ts recorded. */
export const shippedCallers = (): string | undefined => readIfThere(join(shippedFolder(), SHIPPED_KERNEL, CALLERS));
const readIfThere = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
/** Their first line is the size of the packed BTF that they were made of; others are not believed. */
function readLayouts(folder: string): string | undefined {
  const file = join(folder, LAYOUTS);
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'latin1');
  const end = text.indexOf('\n');
  return Number(text.slice(0, end)) === statSync(join(folder, 'btf.gz')).size ? text.slice(end + 1) : undefined;
}
