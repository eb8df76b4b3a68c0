// Redirections, on the descriptors of the shell's process. Source: bash(1), REDIRECTION.
import { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, strerror } from '#abi';
import { ExpansionFailed } from './expand.ts';
import type { Interpreter } from './interpreter.ts';
import type { Redirection } from './syntax.ts';

const FIRST_SAVED = 10;
const PIPE_CAPACITY = 65536;
const WRITING = O_WRONLY | O_CREAT;
const flagsOf: Readonly<Record<string, number>> = {
  '<': O_RDONLY,
  '<>': O_RDWR | O_CREAT,
  '>': WRITING | O_TRUNC,
  '>|': WRITING | O_TRUNC,
  '>>': WRITING | O_APPEND,
  '&>': WRITING | O_TRUNC,
  '&>>': WRITING | O_APPEND,
};
class Failed extends Error {}

export interface Redirected {
  undo(): Promise<void>;
  /** They stay: what was kept for undo is closed. */
  keep(): Promise<void>;
}
/** Applies them in order; undefined when one failed (the message has been printed). */
export async function redirect(
  shell: Interpreter,
  redirections: readonly Redirection[],
  line: number | undefined,
): Promise<Redirected | undefined> {
  const { io } = shell;
  const { process } = io;
  /** What stood under each changed descriptor: its copy, or -1 for nothing. */
  const saved: [fd: number, copy: number][] = [];
  const undo = async (): Promise<void> => {
    for (const [fd, copy] of saved.reverse()) {
      if (copy < 0) await process.close(fd);
      else {
        await process.dup2(copy, fd);
        await process.close(copy);
      }
    }
  };
  const keep = async (): Promise<void> => {
    for (const [, copy] of saved) if (copy >= 0) await process.close(copy);
  };
  const save = async (fd: number): Promise<void> => {
    saved.push([fd, await process.dup(fd, FIRST_SAVED)]);
  };
  const put = async (opened: number, fd: number): Promise<void> => {
    await save(fd);
    await io.call(process.dup2(opened, fd));
  };
  const open = async (path: string, flags: number): Promise<number> => {
    const fd = await io.open(path, flags, 0o644);
    if (fd >= 0) return fd;
    await shell.complain(`${path}: ${strerror(-fd)}`, line);
    throw new Failed();
  };
  /** Text as a file to be read. */
  const text = async (content: string): Promise<number> => {
    const bytes = new TextEncoder().encode(content);
    if (bytes.length < PIPE_CAPACITY) {
      const pipe = await io.call(process.pipe());
      if (typeof pipe === 'number') throw new Failed();
      await io.write(pipe[1], bytes);
      await io.close(pipe[1]);
      return pipe[0];
    }
    const path = `/tmp/sh-thd.${process.pid}`;
    const writer = await open(path, WRITING | O_TRUNC);
    await io.write(writer, bytes);
    await io.close(writer);
    const reader = await open(path, O_RDONLY);
    await io.call(process.unlink(path));
    return reader;
  };
  const one = async (redirection: Redirection): Promise<void> => {
    const { operator, target, fdVariable } = redirection;
    const fd = redirection.fd ?? (operator.startsWith('<') ? 0 : 1);
    if (target.type === 'HereDoc') {
      const reader = await text(target.quoted ? literalOf(target.content) : await shell.expander.value(hereDocument(target.content)));
      await put(reader, fd);
      await io.close(reader);
      return;
    }
    const word = operator === '<<<' ? await shell.expander.value(target) : (await shell.expander.words([target])).join(' ');
    if (operator === '<<<') {
      const reader = await text(`${word}\n`);
      await put(reader, fd);
      await io.close(reader);
      return;
    }
    if (operator === '>&' || operator === '<&') {
      if (word === '-') {
        const closing = fdVariable === undefined ? fd : Number(shell.state.get(fdVariable));
        await save(closing);
        await io.close(closing);
        return;
      }
      const [, source, moves] = /^(\d+)(-?)$/.exec(word) ?? [];
      if (source !== undefined) {
        const copy = await process.dup(Number(source), FIRST_SAVED);
        if (copy < 0) {
          await shell.complain(`${source}: ${strerror(-copy)}`, line);
          throw new Failed();
        }
        await put(copy, fd);
        await io.close(copy);
        if (moves === '-') await io.close(Number(source));
        return;
      }
    }
    const both = operator.startsWith('&') || operator === '>&';
    const opened = await open(word, operator === '>&' ? WRITING | O_TRUNC : (flagsOf[operator] ?? O_RDONLY));
    if (fdVariable !== undefined) {
      shell.state.set(fdVariable, `${await process.dup(opened, FIRST_SAVED)}`);
    } else {
      // The descriptor may be the very one that was asked for: exec 3< file.
      if (opened === fd) saved.push([fd, -1]);
      else await put(opened, fd);
      if (both) await put(opened, 2);
    }
    if (opened !== fd) await io.close(opened);
  };
  try {
    await io.flush();
    for (const redirection of redirections) await one(redirection);
    return { undo, keep };
  } catch (error) {
    await undo();
    if (error instanceof Failed || error instanceof ExpansionFailed) return undefined;
    throw error;
  }
}
type Word = Extract<Redirection['target'], { type: 'Word' }>;
/** The text of a here-document is expanded as if it stood between double quotes. */
const hereDocument = (content: Word): Word => ({ type: 'Word', parts: [{ type: 'DoubleQuoted', parts: content.parts }] });
const literalOf = (content: Word): string => content.parts.map((part) => ('value' in part ? part.value : '')).join('');
