// samples/NAME/recording.txt: its parts, what of them can be compared, and the look at loaded modules that makes one of them.
import { O_RDONLY, S_IFDIR, S_IFLNK, S_IFMT } from '#abi';
import type { Process } from '#kernel';
import { comparableReports } from './reports.ts';

const READ_SIZE = 4096;

export interface Recording {
  readonly script: string;
  readonly status: string;
  readonly modules: string;
  readonly dmesg: string;
  readonly tainted: string;
}
export function parseRecording(text: string): Recording {
  const part = (name: string): string => new RegExp(`^--- ${name}\n((?:(?!--- ).*\n)*)`, 'm').exec(text)?.[1] ?? '';
  return {
    script: part('script'),
    status: part('status'),
    modules: part('modules'),
    dmesg: part('dmesg'),
    tainted: part('tainted'),
  };
}

const TYPES: Readonly<Record<number, string>> = { [S_IFDIR]: 'd', [S_IFLNK]: 'l' };
/** ls's ten letters, of files without special bits. */
function modeLetters(mode: number): string {
  const rights = [...'rwxrwxrwx'].map((letter, n) => ((mode & (0o400 >> n)) === 0 ? '-' : letter));
  return (TYPES[mode & S_IFMT] ?? '-') + rights.join('');
}
async function tree(process: Process, root: string, path: string): Promise<string[]> {
  const found = [path];
  const stat = await process.lstat(`${root}/${path}`);
  if (typeof stat === 'number' || (stat.mode & S_IFMT) !== S_IFDIR) return found;
  const entries = await process.readdir(`${root}/${path}`);
  if (typeof entries === 'number') throw new Error(`readdir ${path}: ${entries}`);
  for (const { name } of entries) found.push(...(await tree(process, root, `${path}/${name}`)));
  return found;
}
async function contents(process: Process, path: string): Promise<string> {
  const fd = await process.open(path, O_RDONLY);
  if (fd < 0) return 'unreadable';
  let text = '';
  for (;;) {
    const bytes = await process.read(fd, READ_SIZE);
    if (typeof bytes === 'number' || bytes.length === 0) {
      await process.close(fd);
      return typeof bytes === 'number' ? 'unreadable' : text.replace(/\n+$/, '');
    }
    text += path.includes('/notes/')
      ? [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      : new TextDecoder('latin1').decode(bytes);
  }
}
/** What tools/record.sh's snapshot prints: of each module its line of /proc/modules and the tree below /sys/module/NAME. */
export async function snapshot(process: Process): Promise<string> {
  const root = '/sys/module';
  let text = '';
  for (const line of (await contents(process, '/proc/modules')).split('\n')) {
    if (line === '') continue;
    text += `${line}\n`;
    const paths = await tree(process, root, line.split(' ', 1)[0] as string);
    for (const path of paths.sort()) {
      const full = `${root}/${path}`;
      const stat = await process.lstat(full);
      if (typeof stat === 'number') throw new Error(`lstat ${full}: ${stat}`);
      const letters = modeLetters(stat.mode);
      text += `${letters} ${path}`;
      if (letters.startsWith('l')) text += ` -> ${await process.readlink(full)}`;
      else if (letters.startsWith('-r')) text += ` = ${await contents(process, full)}`;
      text += '\n';
    }
  }
  return text;
}

/** Where a module lies differs from boot to boot; where its sections lie in it does not, nor where in their page the init sections do. */
export function comparableModules(modules: string): string {
  let core = 0n;
  let size = 0n;
  return modules
    .split('\n')
    .map((line) => {
      const loaded = /^\S+ (\d+) .* (0xffff[0-9a-f]{12})/.exec(line);
      if (loaded !== null) {
        size = BigInt(loaded[1] as string);
        core = BigInt(loaded[2] as string);
      }
      return line.replace(/0xffff[0-9a-f]{12}/, (text) => {
        const address = BigInt(text);
        return address >= core && address < core + size ? `core+0x${(address - core).toString(16)}` : `...${text.slice(-3)}`;
      });
    })
    .join('\n');
}

/**
 * Reports of samples/*: their kernels lay at random addresses, and their modules call the kernel much, which leaves its own flags.
 * (test/oopses compares code, flags and registers exactly.)
 */
export function comparableLog(dmesg: string): string {
  const placed = dmesg
    .replace(/\b(?:0x)?ff[0-9a-f]{14}\b/g, 'ADDRESS')
    .replace(/^<4>Code: .*>.*$/gm, (line) => line.replace(/ [0-9a-f]{2}\b/g, ' xx'));
  return comparableReports(placed, { left: true });
}
