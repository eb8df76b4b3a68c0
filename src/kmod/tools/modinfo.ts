// kmod 30 tools/modinfo.c: files only; names need modules.dep.
import { strerror } from '#abi';
import { ElfError, ElfFile, modinfoEntries } from '#elf';
import type { Tool } from '../tool.ts';

const KEY_WIDTH = 16;
const SHORT: Readonly<Record<string, string>> = { '-a': 'author', '-d': 'description', '-l': 'license', '-p': 'parm', '-n': 'filename' };

export const modinfo: Tool = {
  name: 'modinfo',
  summary: 'show information about a module',
  async run(args, environment) {
    const files: string[] = [];
    let field: string | undefined;
    for (let n = 0; n < args.length; n++) {
      const arg = args[n] as string;
      if (arg === '-F' || arg === '--field') field = args[++n];
      else if (SHORT[arg] !== undefined) field = SHORT[arg];
      else files.push(arg);
    }
    if (files.length === 0) {
      environment.error('modinfo: ERROR: missing module or filename.');
      return 1;
    }
    let status = 0;
    for (const file of files) {
      const image = await environment.kernel.readFile(file);
      if (typeof image === 'number') {
        environment.error(`modinfo: ERROR: Module ${file} not found.`);
        status = 1;
        continue;
      }
      try {
        const path = (await environment.kernel.realpath(file)) ?? file;
        for (const line of describe(path, image, field)) environment.out(line);
      } catch (error) {
        if (!(error instanceof ElfError)) throw error;
        environment.error(`modinfo: ERROR: could not get modinfo from '${file}': ${strerror(8)}`);
        status = 1;
      }
    }
    return status;
  },
};

function describe(path: string, image: Uint8Array, field: string | undefined): string[] {
  const elf = new ElfFile(image);
  const section = elf.section('.modinfo');
  const entries = section === undefined ? [] : modinfoEntries(elf.contents(section));
  if (field === 'filename') return [path];
  if (field !== undefined && field !== 'parm') return entries.filter(({ tag }) => tag === field).map(({ value }) => value);
  const parameters = parametersOf(entries);
  if (field === 'parm') return parameters;
  const line = (key: string, value: string): string => `${`${key}:`.padEnd(KEY_WIDTH)}${value}`;
  return [
    line('filename', path),
    ...entries.filter(({ tag }) => tag !== 'parm' && tag !== 'parmtype').map(({ tag, value }) => line(tag, value)),
    ...parameters.map((value) => line('parm', value)),
  ];
}
/** 'NAME:DESCRIPTION (TYPE)', in reverse order of first mention. */
function parametersOf(entries: readonly { readonly tag: string; readonly value: string }[]): string[] {
  const parameters = new Map<string, { text?: string; type?: string }>();
  for (const { tag, value } of entries) {
    if (tag !== 'parm' && tag !== 'parmtype') continue;
    const [name = '', rest = ''] = value.split(/:(.*)/s);
    const known = parameters.get(name) ?? {};
    if (tag === 'parm') known.text = rest;
    else known.type = rest;
    parameters.set(name, known);
  }
  return [...parameters]
    .reverse()
    .map(([name, { text = '', type }]) => `${name}:${text}${type === undefined ? '' : text === '' ? type : ` (${type})`}`);
}
