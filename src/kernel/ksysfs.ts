// The files of /sys/kernel. Source: kernel/ksysfs.c, kernel/bpf/sysfs_btf.c.
import { AttributeFile, ComputedDirectory, type Directory, type FsNode, plainText, type TreeDirectory } from './fs/node.ts';
import { sysfsText } from './fs/sysfs/sysfs.ts';
import type { Kernel } from './kernel.ts';
import { Uevents } from './lib/kobject_uevent.ts';
import { latin1 } from './memory.ts';
import { MODULE_STATE_COMING, MODULE_STATE_LIVE } from './module/module.ts';

/** Bytes as they are. */
const binary = (bytes: () => Uint8Array, size: number): AttributeFile =>
  new AttributeFile(
    0o444,
    plainText(() => latin1(bytes())),
    size,
  );
/** BTF of the kernel, and of each module that has some. */
function btf(k: Kernel): Directory {
  const sections = (): ReadonlyMap<string, Uint8Array> =>
    new Map(
      k.modules.all.flatMap(({ name, elf, state }) => {
        const section = state === MODULE_STATE_LIVE || state === MODULE_STATE_COMING ? elf.section('.BTF') : undefined;
        return section === undefined ? [] : [[name, elf.contents(section)] as const];
      }),
    );
  let kernel: FsNode | undefined;
  return new ComputedDirectory(
    () => ['vmlinux', ...sections().keys()],
    (name) => {
      if (name === 'vmlinux') {
        kernel ??= binary(() => k.description.btfBytes, k.description.btfBytes.length);
        return kernel;
      }
      const bytes = sections().get(name);
      return bytes === undefined ? undefined : binary(() => bytes, bytes.length);
    },
  );
}
/** No crash kernel, no profiling; files' capabilities are honoured. */
const constants: readonly (readonly [name: string, value: string])[] = [
  ['fscaps', '1'],
  ['kexec_crash_loaded', '0'],
  ['kexec_loaded', '0'],
];
export function sysKernel(k: Kernel, directory: TreeDirectory): void {
  const text = (name: string, make: () => string): void =>
    directory.put(
      name,
      sysfsText(
        0o444,
        plainText(() => `${make()}\n`),
      ),
    );
  for (const [name, value] of constants) text(name, () => value);
  text('uevent_seqnum', () => `${k.get(Uevents).seqnum}`);
  directory.put('notes', new NotesFile(k));
  directory.put('btf', btf(k));
}
/** Its size is known when somebody asks. */
class NotesFile extends AttributeFile {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    super(
      0o444,
      plainText(() => latin1(k.description.notes)),
    );
    this.#k = k;
  }
  override get size(): number {
    return this.#k.description.notes.length;
  }
}
