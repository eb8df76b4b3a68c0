// Carries out the commands of commands.ts on our kernel and says what came of each, in the form of drive.c.
import { O_NONBLOCK, O_RDONLY, O_WRONLY } from '#abi';
import type { Machine } from '#machine';
import { escape, unescape } from './commands.ts';

const DIRECTORY = '/sys/module/every/parameters';
const CONTROL = '/proc/dynamic_debug/control';
const MOST = 16384;
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const byName = (a: string, b: string): number => (a < b ? -1 : 1);

export class Driver {
  readonly #machine: Machine;
  readonly #image: Uint8Array;
  #output: string[] = [];
  /** The number of the next record. */
  #records: number;
  #tainted = '';
  #names: string[] = [];
  #defaults: ReadonlyMap<string, string> | undefined;
  #now: ReadonlyMap<string, string> = new Map();
  #lines: string[] = [];

  constructor(machine: Machine, image: Uint8Array) {
    this.#machine = machine;
    this.#image = image;
    machine.process.comm = 'drive';
    this.#records = machine.kernel.log.end;
  }
  /** The lines of one command. */
  async run(command: string): Promise<string> {
    this.#output = [`> ${command}`];
    const [, name = '', rest = ''] = /^(\S*) ?(.*)$/.exec(command) ?? [];
    await this.#carryOut(name, rest);
    await this.#showTaint();
    return this.#output.join('\n');
  }
  #print(line: string): void {
    this.#output.push(line);
  }
  async #carryOut(name: string, rest: string): Promise<void> {
    const { process } = this.#machine;
    const [file = '', ...words] = rest.split(' ');
    switch (name) {
      case 'load':
      case 'open':
        return await this.#load(unescape(rest), name === 'open');
      case 'close':
        this.#print(`${await process.delete_module('every', O_NONBLOCK)}`);
        this.#lines = [];
        return this.#showRecords();
      case 'write':
        await this.#write(pathOf(file), unescape(words.join(' ')));
        if (!file.startsWith('/')) await this.#showChanges(this.#now);
        return this.#showRecords();
      case 'control':
        await this.#write(CONTROL, unescape(rest));
        return await this.#showControl();
      case 'read':
        return await this.#read(pathOf(file), Number(words[0]), Number(words[1]));
      case 'chmod':
        return this.#print(`${await process.chmod(pathOf(file), Number.parseInt(words[0] as string, 8))}`);
      default:
        throw new Error(`what is ${name}?`);
    }
  }
  async #load(args: string, stay: boolean): Promise<void> {
    const { process } = this.#machine;
    const result = await process.init_module(this.#image, args);
    this.#print(`${result}`);
    this.#showRecords();
    if (result !== 0) return;
    if (this.#names.length === 0) {
      const entries = await process.readdir(DIRECTORY);
      if (typeof entries === 'number') throw new Error(`readdir: ${entries}`);
      this.#names = entries.map(({ name }) => name).sort(byName);
    }
    await this.#showChanges(this.#defaults ?? new Map());
    this.#defaults ??= this.#now;
    this.#showRecords();
    if (stay) await this.#showControl();
    else await process.delete_module('every', O_NONBLOCK);
    this.#showRecords();
  }
  #showRecords(): void {
    const { log } = this.#machine.kernel;
    for (const { seq, level, text } of log.records()) if (seq >= this.#records) this.#print(`<${level}>${escape(text)}`);
    this.#records = log.end;
  }
  async #contents(path: string): Promise<string> {
    const { process } = this.#machine;
    const fd = await process.open(path, O_RDONLY);
    const bytes = fd < 0 ? fd : await process.read(fd, MOST);
    if (fd >= 0) await process.close(fd);
    return typeof bytes === 'number' ? `! ${-bytes}` : `= ${escape(latin1(bytes))}`;
  }
  async #showChanges(before: ReadonlyMap<string, string>): Promise<void> {
    const now = new Map<string, string>();
    for (const name of this.#names) {
      const text = await this.#contents(`${DIRECTORY}/${name}`);
      if (before.get(name) !== text) this.#print(`${name} ${text}`);
      now.set(name, text);
    }
    this.#now = now;
  }
  async #showControl(): Promise<void> {
    const all = await this.#machine.readText(CONTROL);
    const lines = all.split('\n').filter((line) => line.includes('[every]'));
    for (const [n, line] of lines.entries()) if (this.#lines[n] !== line) this.#print(`| ${line}`);
    this.#lines = lines;
  }
  async #write(path: string, value: string): Promise<void> {
    const { process } = this.#machine;
    const fd = await process.open(path, O_WRONLY);
    if (fd < 0) this.#print(`open: ${fd}`);
    else {
      this.#print(`${await process.write(fd, Buffer.from(value, 'latin1'))}`);
      await process.close(fd);
    }
    this.#showRecords();
  }
  async #read(path: string, count: number, offset: number): Promise<void> {
    const { process } = this.#machine;
    const fd = await process.open(path, O_RDONLY);
    if (fd < 0) this.#print(`open: ${fd}`);
    else {
      const bytes = await process.pread(fd, count, offset);
      this.#print(`${typeof bytes === 'number' ? bytes : bytes.length}`);
      if (typeof bytes !== 'number' && bytes.length > 0) this.#print(escape(latin1(bytes)));
      await process.close(fd);
    }
    this.#showRecords();
  }
  async #showTaint(): Promise<void> {
    const mask = (await this.#machine.readText('/proc/sys/kernel/tainted')).trim();
    if (mask !== this.#tainted) this.#print(`tainted ${mask}`);
    this.#tainted = mask;
  }
}
const pathOf = (name: string): string => (name.startsWith('/') ? name : `${DIRECTORY}/${name}`);
