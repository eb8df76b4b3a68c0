// kmod 30 tools/rmmod.c.
import { strerror } from '#abi';
import { getopt } from '../getopt.ts';
import { help } from '../help.ts';
import { moduleName } from '../lib/names.ts';
import { type Tool, VERSION_LINES } from '../tool.ts';

const O_NONBLOCK = 0o4000;
const O_TRUNC = 0o1000;
const rows = {
  force: { short: 'f', long: 'force' },
  syslog: { short: 's', long: 'syslog' },
  verbose: { short: 'v', long: 'verbose' },
  version: { short: 'V', long: 'version' },
  help: { short: 'h', long: 'help' },
};

export const rmmod: Tool = {
  name: 'rmmod',
  summary: 'remove a module from the kernel',
  async run(args, { kernel, out, error }) {
    const { options, operands: names, error: wrong } = getopt(args, rows);
    const has = (key: string): boolean => options.some(([other]) => other === key);
    if (wrong !== undefined) {
      error(`rmmod: ${wrong}`);
      return 1;
    }
    if (has('help')) {
      out(help['rmmod'] ?? '');
      return 0;
    }
    if (has('version')) {
      for (const line of VERSION_LINES) out(line);
      return 0;
    }
    const force = has('force');
    if (names.length === 0) {
      error('rmmod: ERROR: missing module name.');
      return 1;
    }
    let status = 0;
    for (const argument of names) {
      const name = moduleName(argument);
      const found = (await kernel.loaded()).find((module) => module.name === name);
      if (!force) {
        const problem =
          found === undefined
            ? `Module ${name} is not currently loaded`
            : found.holders.length > 0
              ? `Module ${name} is in use by: ${found.holders.join(' ')}`
              : found.refcount > 0
                ? `Module ${name} is in use`
                : undefined;
        // A count below 0, of a module that died on its way out, is taken for an error that was told already.
        if (problem !== undefined || (found?.refcount ?? 0) < 0) {
          if (problem !== undefined) error(`rmmod: ERROR: ${problem}`);
          status = 1;
          continue;
        }
      }
      const result = await kernel.remove(name, O_NONBLOCK | (force ? O_TRUNC : 0));
      if (result === 0) continue;
      error(`rmmod: ERROR: could not remove '${name}': ${strerror(-result)}`);
      error(`rmmod: ERROR: could not remove module ${argument}: ${strerror(-result)}`);
      status = 1;
    }
    return status;
  },
};
