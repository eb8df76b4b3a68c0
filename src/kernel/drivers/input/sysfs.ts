// How input devices show: attributes, uevents, aliases, and the files of /proc/bus/input. Source: drivers/input/input.c.
import { EINVAL } from '#abi';
import type { Sleeping } from '../../api/index.ts';
import { type FsNode, plainText, TextFile, type TreeDirectory } from '../../fs/node.ts';
import { Sysfs, sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { parseBool } from '../../lib/kstrtox.ts';
import type { Addr } from '../../memory.ts';
import { InputCore } from './core.ts';
import { bitsSet, EV_MAX, EVENT_TYPES, hasType, InputHandle, InputHandler, type InputView, inputDev, PROP_MAX } from './device.ts';
import { handlesOf } from './events.ts';
import { pollerFiles } from './input-poller.ts';

const NULL = 0;
const WORD_BYTES = 8;
const ids = ['bustype', 'vendor', 'product', 'version'] as const;
const hex4 = (value: number): string => value.toString(16).padStart(4, '0');
const string = (k: Kernel, address: Addr): string => (address === NULL ? '' : k.memory.cstring(address));

/** The words of a bitmap in hexadecimal, the highest first, without the leading zeros. */
function words(k: Kernel, bits: Addr, max: number): string {
  const all = Array.from({ length: Math.ceil(max / 64) }, (_, n) => k.memory.u64(bits + n * WORD_BYTES)).reverse();
  const first = all.findIndex((word) => word !== 0n);
  return first < 0
    ? '0'
    : all
        .slice(first)
        .map((word) => word.toString(16))
        .join(' ');
}
function modalias(k: Kernel, dev: InputView): string {
  const upper = (value: number): string => hex4(value).toUpperCase();
  const codes = (bits: Addr, from: number, max: number): string =>
    bitsSet(k, bits, max - 1)
      .filter((bit) => bit >= from)
      .map((bit) => `${bit.toString(16).toUpperCase()},`)
      .join('');
  const id = `b${upper(dev['id.bustype'])}v${upper(dev['id.vendor'])}p${upper(dev['id.product'])}e${upper(dev['id.version'])}`;
  const parts = EVENT_TYPES.map(({ letter, bits, aliasFrom, max }) => letter + codes(dev[bits], aliasFrom, max));
  return `input:${id}-e${codes(dev.evbit, 0, EV_MAX)}${parts.join('')}`;
}
/** NAME=words of the bitmaps: those of the types that the device has. */
function bitmaps(k: Kernel, dev: InputView): string[] {
  const types = EVENT_TYPES.filter(({ type }) => hasType(k, dev, type)).map(({ name, bits, max }) => `${name}=${words(k, dev[bits], max)}`);
  return [`PROP=${words(k, dev.propbit, PROP_MAX)}`, `EV=${words(k, dev.evbit, EV_MAX)}`, ...types];
}
export function ueventLines(k: Kernel, dev: InputView): string[] {
  const product = ids.map((id) => dev[`id.${id}`].toString(16)).join('/');
  const texts = (['name', 'phys', 'uniq'] as const).flatMap((field) =>
    dev[field] === NULL ? [] : [`${field.toUpperCase()}="${string(k, dev[field])}"`],
  );
  return [`PRODUCT=${product}`, ...texts, ...bitmaps(k, dev), `MODALIAS=${modalias(k, dev)}`];
}
export function attributeFiles(k: Kernel, dev: InputView, inhibit: (wanted: boolean) => Sleeping<number>): void {
  const directory = k.get(Sysfs).directory(dev.dev) as TreeDirectory;
  const show = (within: TreeDirectory, name: string, make: () => string): void =>
    within.put(
      name,
      sysfsText(
        0o444,
        plainText(() => `${make()}\n`),
      ),
    );
  for (const field of ['name', 'phys', 'uniq'] as const) show(directory, field, () => string(k, dev[field]));
  show(directory, 'modalias', () => modalias(k, dev));
  show(directory, 'properties', () => words(k, dev.propbit, PROP_MAX));
  directory.put(
    'inhibited',
    sysfsText(0o644, {
      ...plainText(() => `${dev.inhibited ? 1 : 0}\n`),
      *write(text) {
        const wanted = parseBool(text.trim());
        if (wanted === undefined) return -EINVAL;
        const error = yield* inhibit(wanted);
        return error === 0 ? text.length : error;
      },
    }),
  );
  for (const id of ids) show(directory.child('id'), id, () => hex4(dev[`id.${id}`]));
  const capabilities = directory.child('capabilities');
  show(capabilities, 'ev', () => words(k, dev.evbit, EV_MAX));
  for (const { name, bits, max } of EVENT_TYPES) show(capabilities, name.toLowerCase(), () => words(k, dev[bits], max));
  pollerFiles(k, dev, directory);
}
function deviceText(k: Kernel, address: Addr): string {
  const dev = inputDev(k, address);
  const id = `Bus=${hex4(dev['id.bustype'])} Vendor=${hex4(dev['id.vendor'])} Product=${hex4(dev['id.product'])}`;
  const handlers = handlesOf(k, dev).map((handle) => `${string(k, k.view(InputHandle, handle).name)} `);
  return [
    `I: ${id} Version=${hex4(dev['id.version'])}`,
    `N: Name="${string(k, dev.name)}"`,
    `P: Phys=${string(k, dev.phys)}`,
    `S: Sysfs=/${k.get(Sysfs).path(dev.dev)}`,
    `U: Uniq=${string(k, dev.uniq)}`,
    `H: Handlers=${handlers.join('')}`,
    ...bitmaps(k, dev).map((line) => `B: ${line}`),
    '\n',
  ].join('\n');
}
function handlerText(k: Kernel, address: Addr, n: number): string {
  const { name, filter, legacy_minors: legacy, minor } = k.view(InputHandler, address);
  return `N: Number=${n} Name=${k.memory.cstring(name)}${filter === NULL ? '' : ' (filter)'}${legacy ? ` Minor=${minor}` : ''}\n`;
}
/** /proc/bus/input. */
export function inputProc(k: Kernel): readonly (readonly [string, FsNode])[] {
  const file = (make: (core: InputCore) => string): TextFile =>
    new TextFile(0o444, {
      *read() {
        const core = k.get(InputCore);
        yield* core.ready();
        return make(core);
      },
    });
  return [
    ['devices', file(({ devices }) => devices.map((dev) => deviceText(k, dev)).join(''))],
    ['handlers', file(({ handlers }) => handlers.map((handler, n) => handlerText(k, handler, n)).join(''))],
  ];
}
