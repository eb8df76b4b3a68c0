// kmod 30 tools/insmod.c; messages: kmod.md 2. --explain is ours.
import { EINVAL, ENOENT, ENOEXEC, ESRCH, strerror } from '#abi';
import { getopt } from '../getopt.ts';
import { help } from '../help.ts';
import { type Tool, VERSION_LINES } from '../tool.ts';

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
    default:
      return strerror(errno);
  }
}
export const insmod: Tool = {
  name: 'insmod',
  summary: 'insert a module into the kernel',
  async run(args, { kernel, out, error }) {
    const rows = {
      f: { short: 'f', long: 'force' },
      p: { short: 'p' },
      s: { short: 's' },
      V: { short: 'V', long: 'version' },
      h: { short: 'h', long: 'help' },
      // Ours: kmod has no such option.
      explain: { long: 'explain' },
    };
    const { options, operands, error: wrong } = getopt(args, rows);
    const has = (key: string): boolean => options.some(([other]) => other === key);
    if (wrong !== undefined) {
      error(`insmod: ${wrong}`);
      return 1;
    }
    if (has('h')) {
      out(help['insmod'] ?? '');
      return 0;
    }
    if (has('V')) {
      for (const line of VERSION_LINES) out(line);
      return 0;
    }
    const [file, ...parameters] = operands;
    if (file === undefined) {
      error('insmod: ERROR: missing filename.');
      return 1;
    }
    if (file === '-') {
      error('insmod: ERROR: this tool does not support loading from stdin!');
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
    if (has('explain')) for (const line of kernel.explanation() ?? ['this kernel does not say more than the errno']) error(line);
    return 1;
  },
};
