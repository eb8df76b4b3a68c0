// Cases for the loader: module files, most of them damaged on purpose, and what is done with them. Each session is one boot; its cases
// run one after another as one shell script, on the real kernel (tools/record-loader.ts) and on kobox (test/loader.test.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { elfCases } from './cases_elf.ts';
import { infoSessions } from './cases_info.ts';
import { randomSessions } from './cases_random.ts';
import { signatureSessions } from './cases_signature.ts';
import { stateSessions } from './cases_states.ts';
import { symbolSessions } from './cases_symbols.ts';

export interface Case {
  readonly name: string;
  /** Files that the case needs, by name, beside the modules as they were built. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Shell lines; each `sys` call shows its result. `look` after them is added. */
  readonly script: string;
}
export interface Session {
  readonly name: string;
  /** What the kernel's command line has more. */
  readonly cmdline?: string;
  readonly cases: readonly Case[];
}
/** The modules of this directory, and some of Debian's, by file name. */
export type Built = (name: string) => Uint8Array;

const here = new URL('.', import.meta.url).pathname;
const debian = new URL('../../build/linux-image-6.1.0-56-amd64/lib/modules/6.1.0-56-amd64/kernel/', import.meta.url).pathname;
/** Signed by Debian's build. */
const debianModules: Readonly<Record<string, string>> = { 'crc7.ko': 'lib/crc7.ko', 'crc-itu-t.ko': 'lib/crc-itu-t.ko' };
const built: Built = (name) =>
  new Uint8Array(readFileSync(debianModules[name] === undefined ? join(here, name) : debian + debianModules[name]));

/** A case that loads one file and unloads it again when that worked. */
export function load(name: string, file: Uint8Array, args = '', module = 'plain'): Case {
  return {
    name,
    files: { 'case.ko': file },
    script: `sys 'init case.ko${args === '' ? '' : ` ${args}`}'\nlook\nsys 'delete 0 ${module}' > /dev/null`,
  };
}
export const sessions = (): readonly Session[] => [
  { name: 'elf', cases: elfCases(built) },
  ...infoSessions(built),
  ...signatureSessions(built),
  ...symbolSessions(built),
  ...stateSessions(built),
  ...randomSessions(built),
];
/** Files of all sessions' modules, as they were built. */
export function builtFiles(): Readonly<Record<string, Uint8Array>> {
  const names = [...readdirSync(here).filter((name) => name.endsWith('.ko')), ...Object.keys(debianModules)];
  return Object.fromEntries(names.map((name) => [name, built(name)]));
}

/** What is looked at after a case: the messages since the last look, the taint, and all modules. */
const LOOK = `look() {
  dmesg -r | sed -E 's/^(<[0-9]+>)\\[[^]]*\\] /\\1/'
  dmesg -C
  echo "tainted $(cat /proc/sys/kernel/tainted)"
  cat /proc/modules
  for folder in $(ls /sys/module); do
    [ -f /sys/module/$folder/initstate ] || continue
    cd /sys/module/$folder
    echo "$folder: $(cat initstate) refcnt $(cat refcnt) taint '$(cat taint)' core $(cat coresize) init $(cat initsize) holders '$(ls holders | tr '\\n' ' ')' parameters '$(ls parameters 2> /dev/null | tr '\\n' ' ')'"
    cd /root
  done
}
`;
/** The files of a session and its script, whose output is the recording. */
export function scriptOf({ name, cases }: Session): { readonly script: string; readonly files: Readonly<Record<string, Uint8Array>> } {
  const files: Record<string, Uint8Array> = {};
  let script = `${LOOK}dmesg -C\n`;
  for (const [n, { name: title, files: own = {}, script: lines }] of cases.entries()) {
    let text = lines;
    for (const [file, bytes] of Object.entries(own)) {
      const unique = `${name}${n}-${file}`;
      files[unique] = bytes;
      text = text.replaceAll(new RegExp(`(?<![\\w-])${file.replaceAll('.', '\\.')}`, 'g'), unique);
    }
    script += `echo "=== ${title}"\n${text}\n${/\blook\b/.test(text) ? '' : 'look\n'}`;
  }
  return { script, files };
}
