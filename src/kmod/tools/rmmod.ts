// kmod 30 tools/rmmod.c.
import { strerror } from '#abi';
import type { Tool } from '../tool.ts';

const O_NONBLOCK = 0o4000;
const O_TRUNC = 0o1000;
/** The module's name: of a path, its last part without what follows the first dot; dashes become underscores. */
export const moduleName = (text: string): string => (text.split('/').at(-1) ?? '').split('.')[0]?.replaceAll('-', '_') ?? '';

export const rmmod: Tool = {
  name: 'rmmod',
  summary: 'remove a module from the kernel',
  async run(args, { kernel, error }) {
    const force = args.includes('-f') || args.includes('--force');
    const names = args.filter((arg) => !arg.startsWith('-'));
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
              : found.refcount !== 0
                ? `Module ${name} is in use`
                : undefined;
        if (problem !== undefined) {
          error(`rmmod: ERROR: ${problem}`);
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
