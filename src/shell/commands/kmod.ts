// The module tools as commands: src/kmod over the system calls of the command's process.
import type { Tool, ToolKernel } from '#kmod';
import type { Io } from '../io.ts';
import type { Command } from '../services.ts';

export const toolCommand =
  (tool: Tool): Command =>
  async ({ io }, args) => {
    let pending = Promise.resolve();
    const status = await tool.run(args, {
      kernel: toolKernel(io),
      out: (line) => {
        pending = pending.then(() => io.out(`${line}\n`));
      },
      error: (line) => {
        pending = pending.then(() => io.err(`${line}\n`));
      },
    });
    await pending;
    return status;
  };
/** The kernel as the tools see it: system calls, /proc/modules and files. */
function toolKernel(io: Io): ToolKernel {
  const { process } = io;
  const text = (path: string): Promise<string | undefined> => io.readText(path);
  return {
    release: process.uname().release,
    async loaded() {
      const lines = ((await text('/proc/modules')) ?? '').split('\n').filter((line) => line !== '');
      return Promise.all(
        lines.map(async (line) => {
          const [name = '', , refcount, users = '-'] = line.split(' ');
          const holders = users.split(',').filter((user) => user !== '' && user !== '-' && user !== '[permanent]');
          // /proc/modules counts init memory too; libkmod reads the size of the core.
          return { name, size: Number(await text(`/sys/module/${name}/coresize`)), refcount: Number(refcount), holders };
        }),
      );
    },
    insert: (image, parameters) => io.call(process.init_module(image, parameters, 'finit_module')),
    remove: (name, flags) => io.call(process.delete_module(name, flags)),
    readFile: (path) => io.readFile(path),
    async realpath(path) {
      const real = await process.realpath(path);
      return typeof real === 'string' ? real : undefined;
    },
  };
}
