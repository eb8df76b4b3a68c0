// kmod 30 tools/insmod.c; messages: kmod.md 2.
import { EEXIST, EINVAL, ENOENT, ENOEXEC, strerror } from '#abi';
import type { Tool } from '../tool.ts';

const ESRCH = 3;
/** What a failed init_module means, in kmod's words. */
export function insertError(errno: number): string {
  switch (errno) {
    case ENOEXEC:
      return 'Invalid module format';
    case ENOENT:
      return 'Unknown symbol in module';
    case ESRCH:
      return 'Module has wrong symbol version';
    case EINVAL:
      return 'Invalid parameters';
    case EEXIST:
      return 'File exists';
    default:
      return strerror(errno);
  }
}
export const insmod: Tool = {
  name: 'insmod',
  summary: 'insert a module into the kernel',
  async run(args, { kernel, error }) {
    const [file, ...parameters] = args;
    if (file === undefined) {
      error('insmod: ERROR: missing filename.');
      return 1;
    }
    const image = await kernel.readFile(file);
    if (typeof image === 'number') {
      error(`insmod: ERROR: could not load module ${file}: ${strerror(-image)}`);
      return 1;
    }
    const result = await kernel.insert(image, parameters.join(' '));
    if (result === 0) return 0;
    error(`insmod: ERROR: could not insert module ${file}: ${insertError(-result)}`);
    return 1;
  },
};
