// file(1) 5.44 for what lies around kernel modules: ELF, gzip, xz, scripts, text; and what stat tells.
import { majorOf, minorOf, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFSOCK, strerror } from '#abi';
import { ElfError, ElfFile } from '#elf';
import type { Io } from '../io.ts';
import { toLatin1 } from '../just_bash.ts';
import type { Command } from '../services.ts';
import { options } from './options.ts';

const LONG_LINE = 300;
const classes = ['', '32-bit', '64-bit'];
const orders = ['', 'LSB', 'MSB'];
const ET_REL = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const ET_CORE = 4;
const machines: Readonly<Record<number, string>> = {
  3: 'Intel 80386',
  40: 'ARM, EABI5',
  62: 'x86-64',
  183: 'ARM aarch64',
  243: 'UCB RISC-V',
};
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const file: Command = async ({ io }, args) => {
  const parsed = await options(io, 'file', args, {
    brief: { short: 'b', long: 'brief' },
    dereference: { short: 'L', long: 'dereference' },
    noDereference: { short: 'h', long: 'no-dereference' },
    mime: { short: 'i', long: 'mime' },
    noPad: { short: 'N', long: 'no-pad' },
    special: { short: 's', long: 'special-files' },
  });
  if (parsed === undefined) return 1;
  if (parsed.operands.length === 0) {
    await io.err(USAGE);
    return 1;
  }
  const width = parsed.has('noPad') ? 0 : Math.max(...parsed.operands.map((name) => (name === '-' ? '/dev/stdin' : name).length)) + 2;
  for (const name of parsed.operands) {
    const text = await describe(io, name, parsed.has('dereference'));
    const shown = name === '-' ? '/dev/stdin' : name;
    await io.out(parsed.has('brief') ? `${text}\n` : `${`${shown}:`.padEnd(width)}${width === 0 ? ' ' : ''}${text}\n`);
  }
  return 0;
};
async function describe(io: Io, name: string, follow: boolean): Promise<string> {
  if (name === '-') {
    const bytes = await io.drain(0);
    return typeof bytes === 'number' ? 'data' : ofBytes(bytes);
  }
  const stat = follow ? await io.process.stat(name) : await io.process.lstat(name);
  if (typeof stat === 'number') return `cannot open \`${name}' (${strerror(-stat)})`;
  switch (stat.mode & S_IFMT) {
    case S_IFDIR:
      return (stat.mode & 0o1000) !== 0 ? 'sticky, directory' : 'directory';
    case S_IFLNK: {
      const target = await io.process.readlink(name);
      const dangles = typeof (await io.process.stat(name)) === 'number';
      return `${dangles ? 'broken ' : ''}symbolic link to ${target}`;
    }
    case S_IFCHR:
      return `character special (${majorOf(stat.rdev)}/${minorOf(stat.rdev)})`;
    case S_IFBLK:
      return `block special (${majorOf(stat.rdev)}/${minorOf(stat.rdev)})`;
    case S_IFIFO:
      return 'fifo (named pipe)';
    case S_IFSOCK:
      return 'socket';
  }
  const bytes = await io.readFile(name);
  if (typeof bytes === 'number') return `cannot open \`${name}' (${strerror(-bytes)})`;
  return ofBytes(bytes);
}
function ofBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty';
  if (bytes.length === 1) return 'very short file (no magic)';
  const starts = (...magic: number[]): boolean => magic.every((byte, n) => bytes[n] === byte);
  if (starts(0x7f, 0x45, 0x4c, 0x46)) return ofElf(bytes);
  if (starts(0x1f, 0x8b)) return ofGzip(bytes);
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a))
    return `XZ compressed data, checksum ${bytes[7] === 4 ? 'CRC64' : bytes[7] === 1 ? 'CRC32' : 'NONE'}`;
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'Zstandard compressed data (v0.8+), Dictionary ID: None';
  return ofText(bytes);
}
function ofElf(bytes: Uint8Array): string {
  const type = (bytes[16] ?? 0) | ((bytes[17] ?? 0) << 8);
  const machine = (bytes[18] ?? 0) | ((bytes[19] ?? 0) << 8);
  const head = `ELF ${classes[bytes[4] ?? 0] ?? ''} ${orders[bytes[5] ?? 0] ?? ''}`;
  let elf: ElfFile;
  try {
    elf = new ElfFile(bytes);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return `${head}${machines[machine] === undefined ? '' : `, ${machines[machine]}`}`;
  }
  const interpreter = elf.section('.interp');
  const kind =
    type === ET_REL
      ? 'relocatable'
      : type === ET_EXEC
        ? 'executable'
        : type === ET_DYN
          ? interpreter === undefined
            ? 'shared object'
            : 'pie executable'
          : type === ET_CORE
            ? 'core file'
            : 'no file type';
  const parts = [`${head} ${kind}`, machines[machine] ?? `*unknown arch 0x${machine.toString(16)}*`, 'version 1 (SYSV)'];
  if (type === ET_DYN || interpreter !== undefined) parts.push('dynamically linked');
  else if (type === ET_EXEC) parts.push('statically linked');
  if (interpreter !== undefined) parts.push(`interpreter ${toLatin1(elf.contents(interpreter)).split('\0')[0]}`);
  const id = buildId(elf);
  if (id !== undefined) parts.push(`BuildID[sha1]=${hex(id)}`);
  if (elf.section('.debug_info') !== undefined) parts.push('with debug_info');
  parts.push(elf.section('.symtab') === undefined ? 'stripped' : 'not stripped');
  return parts.join(', ');
}
/** The NT_GNU_BUILD_ID note. */
function buildId(elf: ElfFile): Uint8Array | undefined {
  const section = elf.section('.note.gnu.build-id');
  if (section === undefined) return undefined;
  const note = elf.contents(section);
  if (note.length < 16) return undefined;
  const view = new DataView(note.buffer, note.byteOffset, note.byteLength);
  const size = view.getUint32(4, true);
  return note.subarray(16, 16 + size);
}
function ofGzip(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = ['gzip compressed data'];
  const FNAME = 8;
  if (((bytes[3] ?? 0) & FNAME) !== 0) parts.push(`was "${toLatin1(bytes.subarray(10, bytes.indexOf(0, 10)))}"`);
  const time = bytes.length >= 8 ? view.getUint32(4, true) : 0;
  if (time !== 0)
    parts.push(`last modified: ${new Date(time * 1000).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (.*) GMT$/, '$1 $3 $2 $5 $4')}`);
  if (bytes[8] === 2) parts.push('max compression');
  if (bytes[8] === 4) parts.push('max speed');
  if (bytes[9] === 3) parts.push('from Unix');
  if (bytes.length >= 18) parts.push(`original size modulo 2^32 ${view.getUint32(bytes.length - 4, true)}`);
  return parts.join(', ');
}
/** Bytes of text, as file's own table has them: no control characters but the usual ones. */
const isText = (byte: number): boolean => (byte >= 0x20 ? byte !== 0x7f : (byte >= 7 && byte <= 13) || byte === 0x1b);
function ofText(bytes: Uint8Array): string {
  if (!bytes.every(isText)) return 'data';
  let encoding = 'ASCII text';
  let text = toLatin1(bytes);
  if (bytes.some((byte) => byte >= 0x80)) {
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      encoding = 'Unicode text, UTF-8 text';
    } catch {
      encoding = bytes.some((byte) => byte >= 0x80 && byte < 0xa0) ? 'Non-ISO extended-ASCII text' : 'ISO-8859 text';
    }
  }
  if (/^\s*[{[]/.test(text) && isJson(text)) return 'JSON text data';
  const lines = text.split('\n');
  const longest = Math.max(...lines.map((line) => line.length));
  const details = [
    ...(longest > LONG_LINE ? [`with very long lines (${longest + (lines.length > 1 ? 0 : 0)})`] : []),
    ...(lines.length === 1
      ? ['with no line terminators']
      : lines.slice(0, -1).every((line) => line.endsWith('\r'))
        ? ['with CRLF line terminators']
        : []),
  ];
  const script = /^#! *(\S+)(?: +(\S+))?/.exec(text);
  if (script !== null) {
    const program = (script[1]?.endsWith('/env') ? script[2] : script[1]) ?? '';
    const name = interpreters[program.split('/').at(-1) ?? ''] ?? `a ${script[1]}${script[2] === undefined ? '' : ` ${script[2]}`} script`;
    return [`${name}${name.startsWith('a ') ? '' : ' script'}, ${encoding} executable`, ...details].join(', ');
  }
  return [kindOf(text), encoding, ...details].filter((part) => part !== '').join(', ');
}
const interpreters: Readonly<Record<string, string>> = {
  sh: 'POSIX shell',
  dash: 'POSIX shell',
  bash: 'Bourne-Again shell',
  python3: 'Python',
  perl: 'Perl',
  node: 'Node.js',
};
function kindOf(text: string): string {
  if (/^[ \t]*#[ \t]*include[ \t]+[<"]/m.test(text)) return 'C source';
  if (/^(?:CFLAGS|LDFLAGS|VPATH|all:|\.PRECIOUS)/m.test(text)) return 'makefile script';
  return '';
}
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
const USAGE = `Usage: file [-bcCdEhikLlNnprsSvzZ0] [--apple] [--extension] [--mime-encoding]
            [--mime-type] [-e <testname>] [-F <separator>]  [-f <namefile>]
            [-m <magicfiles>] [-P <parameter=value>] [--exclude-quiet]
            <file> ...
       file -C [-m <magicfiles>]
       file [--help]
`;
