// kobox inspect against the tools that show the same: readelf, objdump, modinfo, Module.symvers; and against what the real kernel
// made of the modules (test/inspect/loaded.txt, by tools/record-inspect.sh).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { inspect, inspectText, type ModuleReport, ModuleTree, PARTS, type Part } from '#inspect';
import { Dice } from './mutate.ts';

const root = new URL('..', import.meta.url).pathname;
const RELEASE = '6.1.0-56-amd64';
const modulesFolder = join(root, `build/linux-image-${RELEASE}/lib/modules/${RELEASE}`);
const paths = readdirSync(modulesFolder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ko'))
  .map((path) => join(modulesFolder, path));
const pathOf = (name: string): string => {
  const path = name === 'slow' ? join(root, 'test/inspect/slow.ko') : paths.find((each) => basename(each, '.ko') === name);
  if (path === undefined) throw new Error(`no module ${name}`);
  return path;
};
const kernel = loadKernel();
const look = (path: string, ...parts: Part[]): ModuleReport => inspect(readFileSync(path), { kernel, parts });
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, env: { ...process.env, LC_ALL: 'C' } });
/** Small and large; per-CPU data, tracepoints, static calls, hot and cold text; ours, and one without text. */
const chosen = ['crc7', 'lm75', 'zsmalloc', 'kvm', 'i915', 'aesni-intel', 'nf_conntrack', 'slow', 'snd-hda-intel', 'mac80211'];

test.for(chosen)('sections of %s as readelf -S', (name) => {
  const path = pathOf(name);
  const lines = run('readelf', '-SW', path)
    .split('\n')
    .filter((line) => /^ {2}\[ *\d+\]/.test(line));
  const ours = look(path, 'sections').sections?.map(({ index, name: title, type, offset, size, entrySize, flags, link, info, align }) => {
    const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
    const place = `${hex(0, 16)} ${hex(offset, 6)} ${hex(size, 6)} ${hex(entrySize, 2)} ${flags} ${link} ${info} ${align}`;
    return `[${index}] ${title} ${type} ${place}`.replace(/ +/g, ' ');
  });
  expect(ours).toEqual(lines.map((line) => line.trim().replace(/^\[ +/, '[').replace(/ +/g, ' ')));
});
test.for(chosen)('symbols of %s as readelf -s', (name) => {
  const path = pathOf(name);
  const lines = run('readelf', '-sW', path)
    .split('\n')
    .filter((line) => /^ *\d+: [0-9a-f]{16}/.test(line));
  const ours = look(path, 'symbols').symbols?.map(({ index, value, size, type, binding, section, name: title }) => {
    const shown = size > 99999 ? `0x${size.toString(16)}` : size;
    return `${index}: ${value} ${shown} ${type} ${binding} ${section} ${title}`.trimEnd();
  });
  expect(ours).toEqual(
    lines.map((line) =>
      line
        .trim()
        .replace(/ +/g, ' ')
        .replace(/ (DEFAULT|HIDDEN) /, ' ')
        .trimEnd(),
    ),
  );
});
test.for(chosen)('relocations of %s as readelf -r', (name) => {
  const path = pathOf(name);
  const { relocations } = inspect(readFileSync(path), { kernel, parts: ['relocations'], allRelocations: true });
  const ours = relocations?.flatMap(({ section, entries = [], count }) => [
    `${section} ${count}`,
    ...entries.map(({ offset, type, symbol, addend }) => {
      const sum = `${symbol}${symbol === '' ? '' : addend < 0 ? ' - ' : ' + '}${Math.abs(addend).toString(16)}`;
      return `${offset.toString(16).padStart(16, '0')} ${type} ${sum}`.trim();
    }),
  ]);
  const theirs = run('readelf', '-rW', path)
    .split('\n')
    .flatMap((line) => {
      const head = /^Relocation section '(.*)' at offset \w+ contains (\d+) entr/.exec(line);
      if (head !== null) return [`${head[1]} ${head[2]}`];
      const [, offset, type, rest] = /^([0-9a-f]{16}) +[0-9a-f]{16} (\S+) +(?:[0-9a-f]{16} )?(.*)$/.exec(line) ?? [];
      return offset === undefined ? [] : [`${offset} ${type} ${rest?.trim()}`];
    });
  expect(ours?.length).toBeGreaterThan(10);
  expect(ours).toEqual(theirs);
});

/** What objdump says of each instruction, with the relocations in it: by section and offset. */
function objdump(path: string): Map<string, string> {
  const lines = new Map<string, string>();
  let section = '';
  let last = '';
  for (const line of run('objdump', '-dr', '--insn-width=16', path).split('\n')) {
    section = /^Disassembly of section (.*):$/.exec(line)?.[1] ?? section;
    const [, at] = /^ +([0-9a-f]+):\t/.exec(line) ?? [];
    if (at !== undefined) {
      last = `${section} ${at}`;
      lines.set(last, line);
    } else if (/^\t+[0-9a-f]+: R_/.test(line)) lines.set(last, `${lines.get(last)}\t${line.trim()}`);
  }
  return lines;
}
/** Spelled alike: both are right where they differ in taste (sizes that operands tell, names of conditions, of NOPs). */
const plain = (text: string): string =>
  text
    .replace(/ *#.*/, '')
    .replace(/%[de]s:(\(%r[sd]i\))/g, '$1')
    .replace(/ +/g, ' ')
    .replace(/^((cs|data16) )+/, '')
    .replace(/^pushq /, 'push ')
    .trim();
test.for(['crc7', 'lm75', 'zsmalloc', 'slow', 'nf_conntrack', 'aesni-intel', 'kvm'])('disassembly of %s as objdump -dr', (name) => {
  const path = pathOf(name);
  const dumped = objdump(path);
  const image = readFileSync(path);
  const report = look(path, 'symbols', 'sections');
  const named = report.symbols?.filter(({ type, size, section }) => type === 'FUNC' && size > 0 && typeof section === 'number') ?? [];
  let instructions = 0;
  const differing: string[] = [];
  const step = Math.ceil(named.length / 200);
  for (const symbol of named.filter((_, n) => n % step === 0)) {
    const section = report.sections?.[symbol.section as number]?.name;
    const ours = inspect(image, { kernel, parts: [], disassemble: symbol.name }).disassembly;
    // Static functions may share a name: the first is shown.
    if (ours?.section !== section || ours?.offset !== Number(`0x${symbol.value}`)) continue;
    for (const { offset, bytes, text, relocations } of ours.instructions) {
      const [, at = '', code = '', rest = ''] =
        /^ +([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(.*)$/.exec(dumped.get(`${section} ${offset.toString(16)}`) ?? '') ?? [];
      const [instruction = '', ...entries] = rest.split(/\t(?=[0-9a-f]+: R_)/);
      expect({
        at: offset.toString(16),
        bytes,
        relocations: relocations.map((each) => `${each.offset.toString(16)}: ${each.type}\t${each.value}`),
      }).toEqual({
        at,
        bytes: code.trim(),
        relocations: entries.map((each) => each.trim()),
      });
      instructions++;
      // What a relocation fills, objdump shows as it is in the file.
      if (relocations.length === 0 && plain(text) !== plain(instruction)) differing.push(`${plain(text)} | ${plain(instruction)}`);
    }
  }
  expect(instructions).toBeGreaterThan(5);
  expect(differing).toEqual([]);
});

test('exports of all modules as Module.symvers', { timeout: 120_000 }, () => {
  const symvers = readFileSync(`/usr/src/linux-headers-${RELEASE}/Module.symvers`, 'utf8').split('\n');
  const theirs = symvers.flatMap((line) => {
    const [crc = '', name, module = 'vmlinux', kind, namespace = ''] = line.split('\t');
    return module === 'vmlinux' ? [] : [`${module.split('/').at(-1)} ${name} ${kind === 'EXPORT_SYMBOL_GPL'} ${Number(crc)} ${namespace}`];
  });
  const ours = paths.flatMap((path) =>
    (look(path, 'exports').exports ?? []).map(
      ({ name, gpl, crc, namespace }) => `${basename(path, '.ko')} ${name} ${gpl} ${crc} ${namespace}`,
    ),
  );
  expect(ours.length).toBeGreaterThan(14_000);
  expect(ours.sort()).toEqual(theirs.sort());
});
test('parameters, aliases and signatures of many modules as modinfo', { timeout: 120_000 }, () => {
  const some = [...paths.filter((_, n) => n % 40 === 0), pathOf('slow'), pathOf('kvm')];
  for (const path of some) {
    const { parameters = [], aliases, signature } = look(path, 'parameters', 'aliases', 'signature');
    const field = (name: string): string[] => run('modinfo', '-0', '-F', name, path).split('\0').slice(0, -1);
    const described = new Map(field('parm').map((line) => [line.split(':')[0], line]));
    for (const { name, type, description } of parameters) {
      const typed = type === 'custom' ? '' : ` (${type})`;
      const ours = description === undefined ? `${name}:${typed}` : `${name}:${description}${typed}`;
      expect(`${path} ${ours}`).toBe(`${path} ${described.get(name) ?? `${name}:`}`);
    }
    expect(aliases).toEqual(field('alias'));
    expect(signature?.verified ?? false, path).toBe(signature !== null);
    const hexDigits = (name: string): string =>
      field(name)
        .join('')
        .replace(/[^0-9A-F]/g, '')
        .toLowerCase();
    expect([signature?.message?.signer, signature?.message?.hash].join()).toBe(
      [...field('signer'), ...field('sig_hashalgo')].join() || ',',
    );
    expect(signature?.message?.serial ?? '').toBe(hexDigits('sig_key'));
  }
});
test("the signature's trailer, issuer and algorithm as openssl shows them", () => {
  const path = pathOf('crc7');
  const { signature } = look(path, 'signature');
  const trailer = signature?.trailer;
  const bytes = readFileSync(path);
  const message = bytes.subarray((trailer?.offset ?? 0) - (trailer?.sig_len ?? 0), trailer?.offset);
  const text = execFileSync('openssl', ['cms', '-cmsout', '-print', '-inform', 'DER'], { input: message, encoding: 'utf8' });
  expect(text).toMatch(`issuer: ${signature?.message?.issuer}`);
  expect(text).toMatch(new RegExp(`signatureAlgorithm: \\n +algorithm: ${signature?.message?.algorithm} `));
  expect({ ...trailer, offset: 0 }).toEqual({
    algo: 0,
    hash: 0,
    id_type: 2,
    signer_len: 0,
    key_id_len: 0,
    pad: [0, 0, 0],
    sig_len: 681,
    offset: 0,
  });
});

interface Loaded {
  readonly name: string;
  readonly state: string;
  readonly core: number;
  readonly address: string;
  readonly bytes: Uint8Array;
  readonly sections: ReadonlyMap<string, string>;
}
const low = (address: string): number => Number(BigInt.asIntN(64, BigInt(address.startsWith('0x') ? address : `0x${address}`)));
const recorded: readonly Loaded[] = readFileSync(join(root, 'test/inspect/loaded.txt'), 'utf8')
  .split(/^== /m)
  .slice(1)
  .map((text) => {
    const [name = '', line = '', struct = '', , ...sections] = text.trimEnd().split('\n');
    const [, , , , state = '', core = ''] = line.split(' ');
    const [, address = '', hex = ''] = struct.split(' ');
    return {
      name,
      state,
      core: low(core),
      address,
      bytes: Uint8Array.from(Buffer.from(hex, 'hex')),
      sections: new Map(sections.map((each) => each.split(' ').slice(1) as [string, string])),
    };
  });
/** The kernel's own choice of the two areas; our first guess is checked with the first module. */
function asLoaded({ name, core, sections }: Loaded, ...parts: Part[]): ModuleReport {
  const image = readFileSync(pathOf(name));
  const symtab = look(pathOf(name), 'sections').sections?.find((section) => section.name === '.symtab')?.memory?.offset ?? 0;
  return inspect(image, { kernel, parts, at: { core, init: low(sections.get('.symtab') ?? '') - symtab } });
}
test('the first module of a start with nokaslr lies where we say', () => {
  const [first] = recorded;
  const memory = look(pathOf(first?.name ?? ''), 'sections').sections ?? [];
  const ours = memory.flatMap(({ name, size, memory: place }) =>
    place?.address === undefined || size === 0 ? [] : [[name, `0x${place.address}`]],
  );
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(first?.sections ?? []));
});
test.for(recorded)('sections and struct of $name as the kernel loaded it', (loaded) => {
  const report = asLoaded(loaded, 'sections', 'struct');
  const ours = report.sections?.flatMap(({ name, size, memory }) =>
    memory?.address === undefined || size === 0 ? [] : [[name, `0x${memory.address}`]],
  );
  // A per-CPU section is listed with the address of its image, which is gone.
  const theirs = [...loaded.sections].filter(([name]) => name !== '.data..percpu');
  expect(Object.fromEntries(ours ?? [])).toEqual(Object.fromEntries(theirs));
  expect(report.struct?.address).toBe(loaded.address);
  const differing = (report.struct?.fields ?? []).flatMap(({ path, offset, size, source, value }) => {
    // When init has returned: LIVE, without its reference, its memory and the table of all symbols.
    const over = loaded.state === 'Live' && /^(state|refcnt\.counter|init_layout\.\w+|kallsyms|btf_data_size|source_list\.\w+)$/.test(path);
    if (source === 'run time' || over) return [];
    const bytes = loaded.bytes.subarray(offset, offset + size);
    const number = `0x${bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n).toString(16)}`;
    const theirs = value?.startsWith('"') ? JSON.stringify(Buffer.from(bytes).toString('latin1').replace(/\0.*/s, '')) : number;
    return theirs === value ? [] : [`${path}: ${value}, but the kernel has ${theirs}`];
  });
  expect(differing).toEqual([]);
});

const own = (name: string): Buffer => readFileSync(pathOf(name));
test('imports: who has them, with whose CRC, under which license and namespace', () => {
  const depended = ['llc', 'stp'].map((name) => ({ path: `net/${name}.ko`, read: () => own(name) }));
  const report = inspect(own('bridge'), { kernel, parts: ['imports'], tree: new ModuleTree(depended) });
  const row = (name: string): unknown => report.imports?.find((each) => each.name === name);
  const symvers = new Map(
    readFileSync(`/usr/src/linux-headers-${RELEASE}/Module.symvers`, 'utf8')
      .split('\n')
      .map((line) => [line.split('\t')[1], Number(line.split('\t')[0])]),
  );
  expect(row('stp_proto_register')).toEqual({
    name: 'stp_proto_register',
    weak: false,
    provider: { kind: 'module', name: 'stp', gpl: true, namespace: '', crc: symvers.get('stp_proto_register') },
    wanted: symvers.get('stp_proto_register'),
    inKobox: undefined,
  });
  expect(row('kfree')).toMatchObject({
    provider: { kind: 'kernel', gpl: false, crc: symvers.get('kfree') },
    wanted: symvers.get('kfree'),
    inKobox: true,
  });
  // All that a module of this very kernel wants, somebody has, with the CRC that it wants.
  expect(report.imports?.filter(({ provider, wanted }) => provider === undefined || provider.crc !== wanted)).toEqual([]);
  expect(
    look(pathOf('bridge'), 'imports')
      .imports?.filter(({ provider }) => provider === undefined)
      .map(({ name }) => name),
  ).toContain('stp_proto_register');
});
test('a damaged file shows what is there and says what is broken', () => {
  const whole = own('lm75');
  const at = (bytes: Uint8Array): ModuleReport => inspect(bytes, { kernel, parts: PARTS });
  expect(at(new Uint8Array(0)).problems).toEqual(['the file is empty']);
  expect(at(whole.subarray(0, 40)).problems).toEqual(['ELF: not an ELF file at byte 0']);
  const cut = at(whole.subarray(0, 30_000));
  expect(cut.problems[0]).toMatch(
    /^the section table \(\d+ entries at byte \d+\) reaches past the end of the ELF file \(30000 bytes\): 0 entries are there$/,
  );
  const table = at(whole.subarray(0, 38_000));
  expect(table.sections?.length).toBeGreaterThan(0);
  expect(inspectText(table)).toMatch(/^Problems:\n {2}the section table/m);
  const trailer = Uint8Array.from(whole);
  trailer[whole.length - 32] = 0xff;
  expect(at(trailer).problems[0]).toMatch(/^the signature's length \(\d+\) is more than the file has$/);
});
test('whatever is damaged, a report comes out', () => {
  const whole = Uint8Array.from(own('slow'));
  for (let n = 0; n < 500; n++) {
    const dice = new Dice(n);
    const image = Uint8Array.from(whole.subarray(0, dice.below(4) === 0 ? dice.below(whole.length) : whole.length));
    for (let hits = dice.below(40); hits > 0 && image.length > 0; hits--) image[dice.below(image.length)] = dice.below(256);
    try {
      expect(inspectText(inspect(image, { kernel, parts: PARTS })), `case ${n}`).toMatch(/^file: /m);
    } catch (error) {
      throw new Error(`case ${n}`, { cause: error });
    }
  }
});
