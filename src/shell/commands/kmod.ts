// The module tools as commands: src/kmod over the system calls of the command's process.
import { O_CREAT, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT, S_IFREG } from '#abi';
import { explain } from '#kernel';
import type { Tool, ToolKernel } from '#kmod';
import { toLatin1 } from '../just_bash.ts';
import type { Command, CommandContext } from '../services.ts';
import { runShell } from './run.ts';

export const toolCommand =
  (tool: Tool): Command =>
  async (context, args) => {
    const { io } = context;
    let pending = Promise.resolve();
    const status = await tool.run(args, {
      kernel: toolKernel(context),
      // What ends in a NUL is whole as it is (modinfo -0).
      out: (line) => {
        pending = pending.then(() => io.out(line.endsWith('\0') ? line : `${line}\n`));
      },
      error: (line) => {
        pending = pending.then(() => io.err(`${line}\n`));
      },
    });
    await pending;
    return status;
  };
/** The kernel as the tools see it: system calls, /proc/modules and files. */
function toolKernel(context: CommandContext): ToolKernel {
  const { io, environment } = context;
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
    // A program's arguments are bytes.
    insert: (image, parameters) => io.call(process.init_module(image, toLatin1(new TextEncoder().encode(parameters)), 'finit_module')),
    explanation: () => (process.loadReport === undefined ? undefined : explain(process.loadReport)),
    remove: (name, flags) => io.call(process.delete_module(name, flags)),
    readFile: (path) => io.readFile(path),
    async writeFile(path, bytes) {
      const fd = await io.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
      if (fd < 0) return fd;
      const error = await io.write(fd, bytes);
      await io.close(fd);
      return error;
    },
    rename: (from, to) => io.call(process.rename(from, to)),
    async list(path) {
      const entries = await process.readdir(path);
      if (typeof entries === 'number') return entries;
      return Promise.all(
        entries.map(async ({ name, type }) => {
          const stat = type === 'symlink' ? await process.stat(`${path}/${name}`) : undefined;
          return { name, directory: type === 'directory' || (typeof stat === 'object' && (stat.mode & S_IFMT) === S_IFDIR) };
        }),
      );
    },
    async isFile(path) {
      const stat = await process.stat(path);
      return typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFREG;
    },
    absolute: (path) => (path.startsWith('/') ? path : `${process.cwd === '/' ? '' : process.cwd}/${path}`),
    system: async (command, variables) => {
      await io.flush();
      return runShell(context, command, new Map([...environment, ...variables]));
    },
    variable: (name) => environment.get(name),
  };
}
