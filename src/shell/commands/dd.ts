// dd of coreutils 9.1.
import { O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_CUR, SEEK_SET, strerror } from '#abi';
import type { Command } from '../services.ts';
import { size } from './options.ts';

const flags: Readonly<Record<string, number>> = { append: O_APPEND, nonblock: O_NONBLOCK };

export const dd: Command = async ({ io, services }, args) => {
  const operands = new Map<string, string>();
  for (const arg of args) {
    const [, key, value] = /^([a-z]+)=(.*)$/s.exec(arg) ?? [];
    if (key === undefined || value === undefined || !KNOWN.has(key)) {
      await io.err(`dd: unrecognized operand '${arg}'\nTry 'dd --help' for more information.\n`);
      return 1;
    }
    operands.set(key, value);
  }
  const words = (key: string): string[] => (operands.get(key) ?? '').split(',').filter((word) => word !== '');
  for (const [key, what] of [
    ['conv', 'conversion'],
    ['iflag', 'input flag'],
    ['oflag', 'output flag'],
    ['status', 'status level'],
  ] as const) {
    const bad = words(key).find((word) => !(listed[key] ?? []).includes(word));
    if (bad === undefined) continue;
    await io.err(`dd: invalid ${what}: '${bad}'\nTry 'dd --help' for more information.\n`);
    return 1;
  }
  const numbers: Record<string, number> = {};
  for (const key of ['bs', 'ibs', 'obs', 'count', 'skip', 'seek']) {
    const text = operands.get(key);
    if (text === undefined) continue;
    // 2x4 is a product, and a B behind a number of blocks makes it bytes.
    const value = text
      .replace(/B$/, '')
      .split('x')
      .reduce((product, part) => product * (size(part) ?? Number.NaN), 1);
    if (Number.isNaN(value) || (value === 0 && key.endsWith('bs'))) {
      await io.err(`dd: invalid number: '${text}'\n`);
      return 1;
    }
    numbers[key] = value;
  }
  const [input, output] = [words('iflag'), words('oflag')];
  const conv = words('conv');
  const inputSize = numbers['bs'] ?? numbers['ibs'] ?? 512;
  const outputSize = numbers['bs'] ?? numbers['obs'] ?? 512;
  const bytesOf = (key: string): boolean => operands.get(key)?.endsWith('B') === true;
  const countBytes = input.includes('count_bytes') || bytesOf('count');
  const skipBytes = (numbers['skip'] ?? 0) * (input.includes('skip_bytes') || bytesOf('skip') ? 1 : inputSize);
  const seekBytes = (numbers['seek'] ?? 0) * (output.includes('seek_bytes') || bytesOf('seek') ? 1 : outputSize);
  const bits = (list: readonly string[]): number => list.reduce((sum, flag) => sum | (flags[flag] ?? 0), 0);

  let from = 0;
  let to = 1;
  const source = operands.get('if');
  const target = operands.get('of');
  if (source !== undefined) {
    from = await io.open(source, O_RDONLY | bits(input));
    if (from < 0) {
      await io.err(`dd: failed to open '${source}': ${strerror(-from)}\n`);
      return 1;
    }
  }
  if (target !== undefined) {
    const truncate = conv.includes('notrunc') || seekBytes > 0 ? 0 : O_TRUNC;
    const create = conv.includes('nocreat') ? 0 : O_CREAT;
    to = await io.open(target, (seekBytes > 0 ? O_RDWR : O_WRONLY) | create | truncate | bits(output), 0o644);
    if (to < 0 && seekBytes > 0) to = await io.open(target, O_WRONLY | create | truncate | bits(output), 0o644);
    if (to < 0) {
      await io.err(`dd: failed to open '${target}': ${strerror(-to)}\n`);
      return 1;
    }
  }
  const clock = services.machine.kernel.clock;
  const started = clock.now;
  const name = source ?? 'standard input';
  let status = 0;
  if (skipBytes > 0 && (await io.call(io.process.lseek(from, skipBytes, SEEK_CUR))) < 0) {
    for (let left = skipBytes; left > 0; ) {
      const chunk = await io.read(from, Math.min(left, inputSize));
      if (typeof chunk === 'number' || chunk.length === 0) {
        await io.err(`dd: '${name}': cannot skip to specified offset\n`);
        if (typeof chunk === 'number') status = 1;
        break;
      }
      left -= chunk.length;
    }
  }
  if (seekBytes > 0) {
    const error = await io.call(io.process.lseek(to, seekBytes, SEEK_SET));
    if (error < 0) {
      await io.err(`dd: '${target ?? 'standard output'}': cannot seek: ${strerror(-error)}\n`);
      status = 1;
    } else if (!conv.includes('notrunc')) await io.process.ftruncate(to, seekBytes);
  }

  const records = { fullIn: 0, partIn: 0, fullOut: 0, partOut: 0, bytes: 0 };
  const write = async (block: Uint8Array): Promise<boolean> => {
    const error = await io.write(to, block);
    if (error < 0) {
      await io.err(`dd: error writing '${target ?? 'standard output'}': ${strerror(-error)}\n`);
      status = 1;
      return false;
    }
    records.bytes += block.length;
    if (block.length === outputSize) records.fullOut++;
    else records.partOut++;
    return true;
  };
  /** What waits to fill a block of the output; with bs=, every block is written as it was read. */
  let pending = new Uint8Array(0);
  const limit = numbers['count'] ?? Number.POSITIVE_INFINITY;
  let good = status === 0;
  let total = 0;
  while (good && (countBytes ? total : records.fullIn + records.partIn) < limit) {
    const wanted = countBytes ? Math.min(inputSize, limit - total) : inputSize;
    let block = await io.read(from, wanted);
    if (typeof block !== 'number' && input.includes('fullblock')) {
      while (block.length > 0 && block.length < wanted) {
        const more: Uint8Array | number = await io.read(from, wanted - block.length);
        if (typeof more === 'number' || more.length === 0) break;
        block = Uint8Array.from([...block, ...more]);
      }
    }
    if (typeof block === 'number') {
      await io.err(`dd: error reading '${name}': ${strerror(-block)}\n`);
      status = 1;
      if (!conv.includes('noerror')) break;
      continue;
    }
    if (block.length === 0) break;
    total += block.length;
    if (block.length === inputSize) records.fullIn++;
    else records.partIn++;
    if (conv.includes('sync') && block.length < inputSize) {
      const padded = new Uint8Array(inputSize);
      padded.set(block);
      block = padded;
    }
    block = convert(block, conv);
    if (numbers['bs'] !== undefined || inputSize === outputSize) {
      good = await write(block);
      continue;
    }
    const all = new Uint8Array(pending.length + block.length);
    all.set(pending);
    all.set(block, pending.length);
    let at = 0;
    for (; good && all.length - at >= outputSize; at += outputSize) good = await write(all.slice(at, at + outputSize));
    pending = all.slice(at);
  }
  if (good && pending.length > 0) await write(pending);
  if (operands.get('status') !== 'none') {
    await io.err(`${records.fullIn}+${records.partIn} records in\n${records.fullOut}+${records.partOut} records out\n`);
    if (operands.get('status') !== 'noxfer') await io.err(`${transferred(records.bytes, (clock.now - started) / 1e9)}\n`);
  }
  return status;
};

const KNOWN: ReadonlySet<string> = new Set([
  'bs',
  'cbs',
  'conv',
  'count',
  'ibs',
  'if',
  'iflag',
  'obs',
  'of',
  'oflag',
  'seek',
  'skip',
  'status',
]);
function convert(block: Uint8Array, conv: readonly string[]): Uint8Array {
  if (conv.includes('swab')) {
    const swapped = Uint8Array.from(block);
    for (let n = 0; n + 1 < block.length; n += 2) [swapped[n], swapped[n + 1]] = [block[n + 1] as number, block[n] as number];
    return swapped;
  }
  const [from, to, shift] = conv.includes('ucase') ? [0x61, 0x7a, -32] : [0x41, 0x5a, 32];
  if (!conv.includes('ucase') && !conv.includes('lcase')) return block;
  return block.map((byte) => (byte >= from && byte <= to ? byte + shift : byte));
}
/** '512 bytes copied, 0.001 s, 512 kB/s', with the sizes in two units from 1000 bytes on. */
function transferred(bytes: number, seconds: number): string {
  const decimal = human(bytes, 1000, 'B');
  const sizes = bytes < 1000 ? '' : bytes < 1024 ? ` (${decimal})` : ` (${decimal}, ${human(bytes, 1024, 'iB')})`;
  const rate = seconds === 0 ? 'Infinity B' : human(bytes / seconds, 1000, 'B');
  return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}${sizes} copied, ${Number(seconds.toPrecision(6))} s, ${rate}/s`;
}
/** Two digits below ten, else whole: as gnulib's human_readable. */
function human(value: number, base: 1000 | 1024, unit: string): string {
  const letters = base === 1000 ? ['', 'k', 'M', 'G', 'T'] : ['', 'K', 'M', 'G', 'T'];
  let power = 0;
  let scaled = value;
  while (scaled >= base && power < letters.length - 1) {
    scaled /= base;
    power++;
  }
  const rounded = power > 0 && scaled < 9.95 ? scaled.toFixed(1) : `${Math.round(scaled)}`;
  return `${rounded} ${letters[power]}${power === 0 ? 'B' : unit}`;
}
const openFlags = [
  'append',
  'binary',
  'cio',
  'direct',
  'directory',
  'dsync',
  'noatime',
  'nocache',
  'noctty',
  'nofollow',
  'nolinks',
  'nonblock',
  'sync',
  'text',
];
const listed: Readonly<Record<string, readonly string[]>> = {
  conv: ['fdatasync', 'fsync', 'lcase', 'nocreat', 'noerror', 'notrunc', 'sparse', 'swab', 'sync', 'ucase', 'excl'],
  iflag: [...openFlags, 'count_bytes', 'fullblock', 'skip_bytes'],
  oflag: [...openFlags, 'seek_bytes'],
  status: ['none', 'noxfer', 'progress'],
};
