// which of debianutils 5.7: where the commands would be on Debian.
import { pathOf } from '../builtins.ts';
import type { Command } from '../services.ts';

export const which: Command = async ({ io, services }, args) => {
  const known = services.names();
  let status = 0;
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    if (known.includes(name)) await io.out(`${pathOf(name)}\n`);
    else status = 1;
  }
  return status;
};
