// kmod 30 tools/modinfo.c.
import { EINVAL, strerror } from '#abi';
import { ElfError } from '#elf';
import { getopt, type OptionRow } from '../getopt.ts';
import { help } from '../help.ts';
import { Database } from '../lib/database.ts';
import { parameterTexts, readModule } from '../lib/module_file.ts';
import { moduleName } from '../lib/names.ts';
import { hexLines, signatureOf } from '../lib/signature.ts';
import { type Tool, type ToolEnvironment, text, VERSION_LINES } from '../tool.ts';

const KEY_WIDTH = 16;
const LONGEST_KEY = 15;
const rows: Readonly<Record<string, OptionRow>> = {
  author: { short: 'a', long: 'author' },
  description: { short: 'd', long: 'description' },
  license: { short: 'l', long: 'license' },
  parm: { short: 'p', long: 'parameters' },
  filename: { short: 'n', long: 'filename' },
  null: { short: '0', long: 'null' },
  modname: { short: 'm', long: 'modname' },
  field: { short: 'F', long: 'field', argument: 'required' },
  version: { short: 'V', long: 'version' },
  release: { short: 'k', long: 'set-version', argument: 'required' },
  basedir: { short: 'b', long: 'basedir', argument: 'required' },
  help: { short: 'h', long: 'help' },
};
const FIELDS: ReadonlySet<string> = new Set(['author', 'description', 'license', 'parm', 'filename']);
type Entry = { readonly tag: string; readonly value: string };
/** One line of output; with -0 keys and values stand together and a NUL ends them. */
type Put = (key: string, value: string, isInfo?: boolean) => void;

function putter(out: ToolEnvironment['out'], zero: boolean): { put: Put; flush(): void } {
  let pending = '';
  return {
    put: (key, value, isInfo = true) => {
      if (!zero) out(key === '' ? value : `${`${key}:`.padEnd(KEY_WIDTH)}${' '.repeat(Math.max(0, key.length - LONGEST_KEY))}${value}`);
      else pending += key === '' ? `${value}\0` : isInfo ? `${key}=${value}\0` : `${`${key}:`.padEnd(KEY_WIDTH)}${value}\0`;
    },
    // Everything that was kept back goes out as one piece: the NULs are its line ends.
    flush: () => {
      if (pending !== '') out(pending);
    },
  };
}
export const modinfo: Tool = {
  name: 'modinfo',
  summary: 'show information about a module',
  async run(args, environment) {
    const { kernel, out, error } = environment;
    const { options, operands, error: wrong } = getopt(args, rows);
    const given = new Map(options);
    if (wrong !== undefined) {
      error(`modinfo: ${wrong}`);
      return 1;
    }
    if (given.has('help')) {
      out(help['modinfo'] ?? '');
      return 0;
    }
    if (given.has('version')) {
      for (const line of VERSION_LINES) out(line);
      return 0;
    }
    if (operands.length === 0) {
      error('modinfo: ERROR: missing module or filename.');
      return 1;
    }
    const last = options.findLast(([key]) => FIELDS.has(key) || key === 'field');
    const field = last?.[0] === 'field' ? last[1] : last?.[0];
    const base = given.get('basedir');
    const directory = `${base === undefined ? '' : kernel.absolute(base).replace(/\/+$/, '')}/lib/modules/${given.get('release') ?? kernel.release}`;
    const database = Database.plain(kernel, directory);
    const { put, flush } = putter(out, given.has('null'));
    let status = 0;
    for (const operand of operands) {
      if (!given.has('modname') && operand.endsWith('.ko') && (await kernel.isFile(operand))) {
        if (!(await show(environment, kernel.absolute(operand), moduleName(operand), field, put))) status = 1;
        continue;
      }
      const modules = given.has('modname') ? await byName(database, operand) : await database.lookup(operand);
      if (modules.length === 0) {
        error(given.has('modname') ? `modinfo: ERROR: Module name ${operand} not found.` : `modinfo: ERROR: Module ${operand} not found.`);
        status = 1;
      }
      for (const { name } of modules) {
        const path = await database.path(name);
        if (path !== undefined) {
          if (!(await show(environment, path, name, field, put))) status = 1;
        } else await showBuiltin(environment, directory, name, field, put);
      }
    }
    flush();
    return status;
  },
};
async function byName(database: Database, name: string): Promise<{ readonly name: string }[]> {
  const key = name.replaceAll('-', '_');
  return (await database.line(key)) !== undefined || (await database.isBuiltin(key)) ? [{ name: key }] : [];
}
async function show({ kernel, error }: ToolEnvironment, path: string, name: string, field: string | undefined, put: Put): Promise<boolean> {
  if (field === 'filename') {
    put('', path);
    return true;
  }
  if (field === undefined) put('filename', path, false);
  const image = await kernel.readFile(path);
  try {
    if (typeof image === 'number') throw new ElfError('unreadable', 0);
    print([...readModule(image).info, ...signatureFields(image)], field, put);
    return true;
  } catch (problem) {
    if (!(problem instanceof ElfError)) throw problem;
    error(`modinfo: ERROR: could not get modinfo from '${name}': ${strerror(EINVAL)}`);
    return false;
  }
}
/** The signature as further entries. */
function signatureFields(image: Uint8Array): Entry[] {
  const signature = signatureOf(image);
  if (signature === undefined) return [];
  const { signer, key, hash, bytes } = signature;
  return [
    { tag: 'sig_id', value: 'PKCS#7' },
    { tag: 'signer', value: signer },
    { tag: 'sig_key', value: hexLines(key) },
    { tag: 'sig_hashalgo', value: hash },
    { tag: 'signature', value: hexLines(bytes) },
  ];
}
async function showBuiltin(
  { kernel }: ToolEnvironment,
  directory: string,
  name: string,
  field: string | undefined,
  put: Put,
): Promise<void> {
  if (field === 'filename') {
    put('', '(builtin)');
    return;
  }
  const content = await kernel.readFile(`${directory}/modules.builtin.modinfo`);
  const prefix = `${name}.`;
  const info = (typeof content === 'number' ? '' : text(content))
    .split('\0')
    .filter((entry) => entry.startsWith(prefix))
    .map((entry) => {
      const [tag = '', value = ''] = entry.slice(prefix.length).split(/=(.*)/s);
      return { tag, value };
    });
  if (field === undefined) {
    put('name', name, false);
    put('filename', '(builtin)', false);
  }
  print(info, field, put);
}
function print(info: readonly Entry[], field: string | undefined, put: Put): void {
  if (field === 'parm') {
    for (const { name, text: description, type } of parameterTexts(info)) {
      put(
        '',
        description === undefined
          ? `${name}: (${type})`
          : type === undefined
            ? `${name}:${description}`
            : `${name}:${description} (${type})`,
      );
    }
    return;
  }
  if (field !== undefined) {
    for (const { tag, value } of info) if (tag === field) put('', value);
    return;
  }
  for (const { tag, value } of info) if (tag !== 'parm' && tag !== 'parmtype') put(tag, value);
  for (const { name, text: description, type } of parameterTexts(info)) {
    put(
      'parm',
      description === undefined ? `${name}:${type}` : type === undefined ? `${name}:${description}` : `${name}:${description} (${type})`,
    );
  }
}
