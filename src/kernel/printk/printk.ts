// Source: kernel/printk/printk.c.
import { cstring, int, type KernelApi, kdata, kernelApi, kfunc, partial, pointer, variadic } from '../api/index.ts';
import { guestVaList } from '../api/valist.ts';

const NOTE = 'see vsnprintf for the extensions of %p that are missing';
/** CONFIG_CONSOLE_LOGLEVEL_QUIET, CONSOLE_LOGLEVEL_DEBUG. */
const QUIET = 4;
const DEBUG = 10;

export const printkApi: KernelApi = kernelApi('kernel/printk/printk.c', {
  /** Not 0 while an oops or panic is being printed. */
  oops_in_progress: kdata(() => {}),
  /** Levels of the console: the image's, then what the command line says. Source: init/main.c, early_param(). */
  console_printk: kdata((k, address) => {
    const bytes = k.description.dataOf('console_printk');
    if (bytes !== undefined) k.memory.write(address, bytes);
    for (const { name, value = '' } of k.commandLine.parameters) {
      if (name === 'quiet') k.memory.setU32(address, QUIET);
      else if (name === 'debug') k.memory.setU32(address, DEBUG);
      else if (name === 'loglevel' && /^\d+$/.test(value)) k.memory.setU32(address, Number(value));
    }
  }),
  /** Formats a record and puts it into the log. Context: any. Return: the length of the text, without level and newline. */
  _printk: partial(
    NOTE,
    variadic({ fmt: cstring }, int, (k, { fmt, va }) => k.log.vprintk(k.formatter.format(fmt, va))),
  ),
  vprintk: partial(
    NOTE,
    kfunc({ fmt: cstring, args: pointer('struct __va_list_tag *') }, int, (k, { fmt, args }) =>
      k.log.vprintk(k.formatter.format(fmt, guestVaList(k.memory, args))),
    ),
  ),
});
