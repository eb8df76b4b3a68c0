// kmod 30 tools/lsmod.c.
import type { Tool } from '../tool.ts';

export const lsmod: Tool = {
  name: 'lsmod',
  summary: 'show the status of modules in the kernel',
  async run(args, { kernel, out, error }) {
    if (args.length > 0) {
      error('Usage: lsmod');
      return 1;
    }
    out('Module                  Size  Used by');
    for (const { name, size, refcount, holders } of await kernel.loaded()) {
      out(`${name.padEnd(19)} ${String(size).padStart(8)}  ${refcount}${holders.length > 0 ? ` ${holders.join(',')}` : ''}`);
    }
    return 0;
  },
};
