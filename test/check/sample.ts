// The modules that the real kernels were given (tools/record-check.ts), each alone: Debian's of this release and of others, samples
// of ours, and mutations.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Altered, mutations, SIGNATURE } from './mutations.ts';

const root = new URL('../..', import.meta.url).pathname;
const RELEASE = '6.1.0-56-amd64';
const debian = join(root, `build/linux-image-${RELEASE}/lib/modules/${RELEASE}`);
/** Every so many of Debian's modules. */
const STEP = 60;
const FIRST = 30;
/** And these: per-CPU data, namespaces, staging, live patching of code, exports, what needs a CPU or a device that is not there. */
const CHOSEN = [
  'zsmalloc',
  'keywrap',
  'kvm',
  'kvm-intel',
  'r8192u_usb',
  'crc7',
  'crc-itu-t',
  'lm75',
  'dummy',
  'bridge',
  'stp',
  'crc32_generic',
];
/** Samples whose init and exit are quick and leave nothing. */
const OURS = ['minimal', 'hello', 'params', 'failinit', 'exporter', 'importer', 'list', 'kthread', 'chardev'];

export interface Sample {
  /** Also its file's name when it is recorded. */
  readonly id: string;
  readonly bytes: () => Uint8Array;
}
/** Kernels that the sample was recorded on, and what is on their command lines. */
export const kernels: readonly { readonly release: string; readonly commandLine: string }[] = [
  { release: RELEASE, commandLine: 'module_blacklist=crc_itu_t,nothing' },
  { release: '6.1.0-56-rt-amd64', commandLine: '' },
  { release: '6.1.0-56-cloud-amd64', commandLine: '' },
  { release: '6.1.0-47-amd64', commandLine: '' },
  { release: '6.1.0-47-cloud-amd64', commandLine: 'module.sig_enforce=1' },
];

/**
 * Modules of this release that claim to know struct module of another kernel (the CRC of its module_layout): their symbols are compared
 * one by one then.
 */
const CLAIMS: readonly (readonly [release: string, crc: number])[] = [
  ['6.1.0-47-amd64', 0x160c03af],
  ['6.1.0-56-cloud-amd64', 0xa351f379],
];
const CLAIMING = ['crc7', 'lm75', 'dummy', 'bridge', 'stp', 'keywrap', 'kvm', 'i2c-mux', 'ext4', 'snd', 'cfg80211', 'nls_cp866'];

const paths = readdirSync(debian, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ko'))
  .sort();
const named = (name: string): string => {
  const path = paths.find((each) => basename(each, '.ko') === name);
  if (path === undefined) throw new Error(`no module ${name}`);
  return join(debian, path);
};
const own = (name: string): string => join(root, name === 'slow' ? 'test/inspect/slow.ko' : `samples/${name}/${name}.ko`);
const file = (id: string, path: string): Sample => ({ id, bytes: () => readFileSync(path) });

function others(): Sample[] {
  const folder = join(root, 'test/check/modules');
  return readdirSync(folder)
    .sort()
    .flatMap((release) =>
      readdirSync(join(folder, release))
        .sort()
        .map((name) => file(`${release}-${basename(name, '.ko')}`, join(folder, release, name))),
    );
}
export const samples: readonly Sample[] = [
  ...paths
    .filter((_, n) => n % STEP === FIRST && !CHOSEN.includes(basename(paths[n] as string, '.ko')))
    .map((path) => file(basename(path, '.ko'), join(debian, path))),
  ...CHOSEN.map((name) => file(name, named(name))),
  ...others(),
  ...OURS.map((name) => file(`our-${name}`, own(name))),
  ...CLAIMS.flatMap(([release, crc]) =>
    CLAIMING.map((name) => ({
      id: `as-${release}-${name}`,
      bytes: () => {
        const module = new Altered(readFileSync(named(name)));
        module.view.setUint32(module.version('module_layout'), crc, true);
        return module.bytes.subarray(0, -SIGNATURE);
      },
    })),
  ),
  { id: 'mutation-empty', bytes: () => new Uint8Array(0) },
  ...mutations.map(({ name, base, alter }) => ({
    id: `mutation-${name}`,
    bytes: () => {
      const module = new Altered(readFileSync(base.endsWith('.ko') ? named(base.slice(0, -3)) : own(base)));
      return alter(module) ?? module.bytes;
    },
  })),
];

/** Parameter strings for the sample params, as a shell in single quotes takes them. */
export const parameterStrings: readonly string[] = [
  ...[
    '',
    'octet=255',
    'octet=256',
    'octet=-1',
    'small=-32768',
    'small=32768',
    'usmall=65536',
    'number=0x10',
    'number=010',
    'number=08',
    'number=abc',
  ],
  ...[
    'number=',
    'number',
    'number=1 ',
    'positive=-1',
    'positive=4294967295',
    'positive=4294967296',
    'huge=18446744073709551616',
    'big=-9223372036854775808',
  ],
  ...[
    'flag',
    'flag=maybe',
    'flag=on',
    'flag=',
    'loud',
    'loud=2',
    'loud=n',
    'verbose',
    'verbose=x',
    'word=a',
    'word',
    'word="a b" number=3',
  ],
  ...[`word=${'w'.repeat(1024)}`, 'text=short', `text=${'t'.repeat(300)}`, 'list=1,2', 'list=1,x,3', 'list=1,2,3,4,5,6,7,8,9,10,11,12'],
  ...[
    'list',
    'list=',
    'names=a,b',
    'switches=y,n',
    'switches=y,n,q',
    'nosuch=1',
    'nosuch',
    'even=4',
    'octet=1 octet=300 number=y',
    'number=1 -- number=x',
    'hidden=5',
    // The last: klogctl() gives its long record only with the next ones.
    `word=${'w'.repeat(1025)}`,
  ],
];
/** Two modules of ours, the second inserted while the first is there. */
export const pairs: readonly { readonly id: string; readonly first: Sample; readonly second: Sample }[] = [
  { id: 'both free', first: file('exporter', own('exporter')), second: file('importer', own('importer')) },
  { id: 'the exporter is proprietary', first: proprietary('exporter'), second: file('importer', own('importer')) },
  { id: 'the importer is proprietary', first: file('exporter', own('exporter')), second: proprietary('importer') },
];
function proprietary(name: string): Sample {
  return {
    id: `${name}-proprietary`,
    bytes: () => {
      const module = new Altered(readFileSync(own(name)));
      module.replace('.modinfo', 'license=GPL', 'license=BSD');
      return module.bytes;
    },
  };
}
