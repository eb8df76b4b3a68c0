// A kernel description: which Linux we are. Made by `kobox kernel import` from a real kernel image.
import { Btf } from '#btf';
import { type LayoutExtract, parseLayouts } from './api/struct.ts';
import { BugTable } from './bug_table.ts';
import { BuiltinTable } from './builtin.ts';
import type { Addr } from './memory.ts';

export interface ExportedSymbol {
  readonly name: string;
  readonly address: Addr;
  readonly crc: number;
  readonly gpl: boolean;
  readonly namespace: string;
}
export interface KallsymsEntry {
  readonly name: string;
  readonly type: string;
  readonly address: Addr;
}
export interface Kallsyms {
  byName(name: string): Addr | undefined;
  /** The function or object that holds `address`. */
  at(address: Addr): { readonly name: string; readonly offset: number; readonly size: number } | undefined;
  all(): readonly KallsymsEntry[];
}
export interface KernelDescription {
  readonly release: string;
  /** linux_banner: the line of /proc/version. */
  readonly version: string;
  readonly vermagic: string;
  readonly exports: ExportTable;
  readonly btf: Btf;
  /** The address of a symbol, exported or not. */
  addressOf(symbol: string): Addr | undefined;
  /**
   * How the kernel comes to a module's function of some kind ('chrdev.read', 'timer'): the lines of a call trace, innermost
   * first, as recorded from the real kernel. Empty when nobody recorded it.
   */
  wayTo(kind: string): readonly string[];
  /** Answers of `btf` and `kallsyms`, made ahead. May be empty. */
  readonly layouts: LayoutExtract;
  readonly kallsyms: Kallsyms;
  readonly bugs: BugTable;
  /** Parameters and versions of built-in modules, and the variables of /proc/sys. */
  readonly builtin: BuiltinTable;
  /** What /sys/kernel/notes and /sys/kernel/btf/vmlinux hold. */
  readonly notes: Uint8Array;
  readonly btfBytes: Uint8Array;
  /** pr_debug() and its like in the kernel's own code, in the order of the image; none when nobody extracted them. */
  readonly debugSites: readonly DebugSite[];
  readonly config: ReadonlyMap<string, string> | undefined;
  /** Whether a configuration option is y; undefined when nobody knows: an image was imported without its configuration. */
  isSet(option: string): boolean | undefined;
  /** The keys that the kernel trusts from its build on: X.509 certificates in DER, one after another. */
  readonly certificates: Uint8Array;
  /** Initial bytes of an exported object in the image. */
  dataOf(symbol: string): Uint8Array | undefined;
}
/** Reads a description's files, inflated. */
export interface DescriptionFiles {
  /** description.json. */
  readonly header: () => string;
  readonly text: (name: string) => string;
  readonly bytes: (name: string) => Uint8Array;
  /** The lines of extractLayouts(), when somebody made them. */
  readonly layouts: () => string | undefined;
  /** The import's lines for BugTable; descriptions made before there were any have none. */
  readonly bugs: () => string | undefined;
  /** The import's lines for BuiltinTable, and the image's notes; older descriptions have none. */
  readonly builtin: () => string | undefined;
  readonly notes: () => Uint8Array | undefined;
  /** The import's lines for parseDebugSites(); older descriptions have none. */
  readonly debugSites: () => string | undefined;
  /** Descriptions made before kobox verified signatures have none. */
  readonly certificates: () => Uint8Array | undefined;
  /** tools/record-callers.ts: "[KIND]" and lines, when somebody recorded them. */
  readonly callers: () => string | undefined;
}
export class DescriptionError extends Error {}

const TWO32 = 2 ** 32;
/** Low half of an address to its value: per-CPU offsets stay small, the rest is sign-extended. */
const toAddr = (low: number): Addr => (low < 0x8000_0000 ? low : low - TWO32);

/** Exported symbols, by lines of "[!]ADDRESS CRC NAME[ NAMESPACE]" in hexadecimal; '!' marks the GPL-only ones. */
export class ExportTable {
  readonly #text: string;
  readonly #known = new Map<string, ExportedSymbol | undefined>();

  constructor(text: string) {
    this.#text = `\n${text}\n`;
  }
  /** Looked up line by line as needed: a module imports a few dozen of ten thousand. */
  get(name: string): ExportedSymbol | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#find(name));
    return this.#known.get(name);
  }
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }
  values(): ExportedSymbol[] {
    return this.#text.split('\n').flatMap((line) => (line === '' ? [] : [parseExport(line)]));
  }
  #find(name: string): ExportedSymbol | undefined {
    for (const end of ['\n', ' ']) {
      const at = name === '' ? -1 : this.#text.indexOf(` ${name}${end}`);
      if (at < 0) continue;
      const symbol = parseExport(this.#text.slice(this.#text.lastIndexOf('\n', at) + 1, this.#text.indexOf('\n', at)));
      if (symbol.name === name) return symbol;
    }
    return undefined;
  }
}
function parseExport(line: string): ExportedSymbol {
  const gpl = line.startsWith('!');
  const [address = '', crc = '', name = '', namespace = ''] = line.slice(gpl ? 1 : 0).split(' ');
  return { name, gpl, namespace, address: toAddr(Number.parseInt(address, 16)), crc: Number.parseInt(crc, 16) };
}

class ParsedKallsyms implements Kallsyms {
  readonly #entries: readonly KallsymsEntry[];
  readonly #byName = new Map<string, Addr>();
  /** Sorted by address, without per-CPU offsets. */
  readonly #sorted: readonly KallsymsEntry[];

  constructor(text: string) {
    let address = 0;
    this.#entries = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [delta = '', name = ''] = line.slice(1).split(' ');
        address += Number.parseInt(delta, 36);
        return { name, type: line[0] as string, address: toAddr(address) };
      });
    for (const { name, address: at } of this.#entries) if (!this.#byName.has(name)) this.#byName.set(name, at);
    this.#sorted = this.#entries.filter((entry) => entry.address < 0).sort((a, b) => a.address - b.address);
  }
  byName(name: string): Addr | undefined {
    return this.#byName.get(name);
  }
  at(address: Addr): { name: string; offset: number; size: number } | undefined {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as KallsymsEntry).address <= address) low = middle + 1;
      else high = middle;
    }
    let index = low - 1;
    const found = this.#sorted[index];
    if (found === undefined) return undefined;
    // Of several names for one address the first counts, as in the kernel.
    while (index > 0 && this.#sorted[index - 1]?.address === found.address) index--;
    const next = this.#sorted[low]?.address ?? address + 1;
    return { name: (this.#sorted[index] as KallsymsEntry).name, offset: address - found.address, size: next - found.address };
  }
  all(): readonly KallsymsEntry[] {
    return this.#entries;
  }
}

function parseWays(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text
      .split(/^\[/m)
      .slice(1)
      .map((section) => {
        const [kind = '', ...lines] = section.trimEnd().split('\n');
        // Behind each frame stands what is called there, by which an import finds it in another image.
        return [kind.replace(/\]$/, ''), lines.map((line) => line.replace(/ = .*/, ''))];
      }),
  );
}
/** struct _ddebug of the kernel's own. */
export interface DebugSite {
  readonly module: string;
  readonly filename: string;
  readonly function: string;
  readonly line: number;
  readonly flags: number;
  readonly classId: number;
  readonly format: string;
}
/** Lines of "LINE FLAGS CLASS FORMAT FUNCTION FILE MODULE" with tabs between, FORMAT as JSON; the last three are left out when they are as before. */
function parseDebugSites(text: string): DebugSite[] {
  let [before, file, owner] = ['', '', ''];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((site) => {
      const [line, flags, classId, format = '""', name = before, filename = file, module = owner] = site.split('\t');
      [before, file, owner] = [name, filename, module];
      return {
        module,
        filename,
        function: name,
        line: Number(line),
        flags: Number(flags),
        classId: Number(classId),
        format: JSON.parse(format) as string,
      };
    });
}
/** "NAME" to [offset, size] in data.bin. */
type DataIndex = Readonly<Record<string, readonly [number, number]>>;

export function loadDescription(files: DescriptionFiles): KernelDescription {
  const header = JSON.parse(files.header()) as Record<string, unknown>;
  const field = (name: string): string => {
    const value = header[name];
    if (typeof value !== 'string') throw new DescriptionError(`description.json has no ${name}`);
    return value;
  };
  const lazy = <T>(make: () => T): (() => T) => {
    let value: { readonly made: T } | undefined;
    return () => {
      value ??= { made: make() };
      return value.made;
    };
  };
  const btf = lazy(() => Btf.parse(files.bytes('btf')));
  const builtin = lazy(() => new BuiltinTable(files.builtin() ?? ''));
  const layouts = lazy(() => parseLayouts(files.layouts() ?? ''));
  const ways = lazy(() => parseWays(files.callers() ?? ''));
  const kallsyms = lazy(() => new ParsedKallsyms(files.text('kallsyms')));
  const bugs = lazy(() => new BugTable(files.bugs() ?? '', kallsyms()));
  const debugSites = lazy(() => parseDebugSites(files.debugSites() ?? ''));
  const exports = lazy(() => new ExportTable(files.text('exports')));
  const config = lazy(
    () =>
      new Map(
        files
          .text('config')
          .split('\n')
          .filter((l) => l.startsWith('CONFIG_'))
          .map((l) => l.split(/=(.*)/s).slice(0, 2) as [string, string]),
      ),
  );
  const certificates = lazy(() => files.certificates() ?? new Uint8Array(0));
  const dataIndex = lazy(() => JSON.parse(files.text('data.json')) as DataIndex);
  return {
    release: field('release'),
    version: field('version'),
    vermagic: field('vermagic'),
    get exports() {
      return exports();
    },
    get btf() {
      return btf();
    },
    get layouts() {
      return layouts();
    },
    get kallsyms() {
      return kallsyms();
    },
    get bugs() {
      return bugs();
    },
    get builtin() {
      return builtin();
    },
    get notes() {
      return files.notes() ?? new Uint8Array(0);
    },
    get btfBytes() {
      return files.bytes('btf');
    },
    get debugSites() {
      return debugSites();
    },
    get config() {
      return header['config'] === true ? config() : undefined;
    },
    isSet(option) {
      const known = layouts().get(`?${option}`);
      if (known !== undefined) return known === 1;
      return header['config'] === true ? config().get(option) === 'y' : undefined;
    },
    get certificates() {
      return certificates();
    },
    addressOf(symbol) {
      return exports().get(symbol)?.address ?? layouts().get(`@${symbol}`) ?? kallsyms().byName(symbol);
    },
    wayTo: (kind) => ways().get(kind) ?? [],
    dataOf(symbol) {
      const place = dataIndex()[symbol];
      return place === undefined ? undefined : files.bytes('data').subarray(place[0], place[0] + place[1]);
    },
  };
}
