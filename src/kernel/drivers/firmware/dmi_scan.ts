// What the firmware says of the machine: that of QEMU's q35. Source: drivers/firmware/dmi_scan.c; values: /sys/class/dmi/id there.
import { ENXIO } from '#abi';
import {
  blocking,
  bool,
  cstring,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  u8,
  u16,
  u64,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

const SystemId = kernelStruct('dmi_system_id', { callback: voidPtr });
const NULL = 0;
const PRODUCT = 'Standard PC (Q35 + ICH9, 2009)';
const VERSION = 'pc-q35-7.2';
/** By enum dmi_field; undefined: the firmware has no such string. */
const strings: readonly (string | undefined)[] = [
  undefined,
  'SeaBIOS',
  '1.16.2-debian-1.16.2-1',
  '04/01/2014',
  '0.0',
  undefined,
  'QEMU',
  PRODUCT,
  VERSION,
  '',
  undefined,
  '',
  '',
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  'QEMU',
  '1',
  VERSION,
  '',
  '',
];
const BIOS_DATE = 3;
const OEM_STRING = 24;
/** Fields that name a maker: BIOS, system, board and chassis vendor. */
const VENDOR_FIELDS = [1, 6, 13, 18];
const MATCHES = 4;
const MATCH_SIZE = 80;

/** Guest copies of the strings, made when asked for. */
class DmiStrings {
  readonly #k: Kernel;
  readonly #made = new Map<number, Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  at(field: number): Addr {
    const text = strings[field];
    if (text === undefined) return NULL;
    const made = this.#made.get(field) ?? this.#k.cstringAlloc(text);
    this.#made.set(field, made);
    return made;
  }
}
/** Whether all substrings of an entry are there. A slot's high bit asks for equality. */
function matches(k: Kernel, id: Addr): boolean {
  const start = id + k.layouts.offsetOf('dmi_system_id', 'matches');
  for (let n = 0; n < MATCHES; n++) {
    const slot = k.memory.u8(start + n * MATCH_SIZE);
    const field = slot & 0x7f;
    if (field === 0) break;
    const wanted = k.memory.cstring(start + n * MATCH_SIZE + 1, MATCH_SIZE - 1);
    const text = field === OEM_STRING ? undefined : strings[field];
    if (text === undefined || !(slot >= 0x80 ? text === wanted : text.includes(wanted))) return false;
  }
  return true;
}
/** An array of struct dmi_system_id ends with an entry whose first slot is 0. */
function* entries(k: Kernel, list: Addr): Generator<Addr> {
  const size = k.layouts.sizeOf('dmi_system_id');
  const first = k.layouts.offsetOf('dmi_system_id', 'matches');
  for (let id = list; (k.memory.u8(id + first) & 0x7f) !== 0; id += size) yield id;
}
function* checkSystem(k: Kernel, list: Addr): Sleeping<number> {
  let count = 0;
  for (const id of entries(k, list)) {
    if (!matches(k, id)) continue;
    count++;
    const { callback } = k.view(SystemId, id);
    if (callback !== NULL && (yield* k.callInt(callback, id)) !== 0) break;
  }
  return count;
}
const list = pointer('const struct dmi_system_id *');
const NO_TABLE = 'only the strings are known, not the table';

export const dmiApi: KernelApi = kernelApi('drivers/firmware/dmi_scan.c', {
  dmi_available: kdata((k, address) => k.memory.setU32(address, 1)),
  dmi_check_system: blocking({ list }, int, (k, { list: of }) => checkSystem(k, of)),
  dmi_first_match: kfunc({ list }, voidPtr, (k, { list: of }) => {
    for (const id of entries(k, of)) if (matches(k, id)) return id;
    return NULL;
  }),
  dmi_get_system_info: kfunc({ field: int }, voidPtr, (k, { field }) => k.get(DmiStrings).at(field)),
  dmi_match: kfunc({ f: uint, str: cstring }, bool, (_, { f, str }) => strings[f] === str),
  dmi_name_in_vendors: kfunc({ str: cstring }, int, (_, { str }) =>
    VENDOR_FIELDS.some((field) => strings[field]?.includes(str) === true) ? 1 : 0,
  ),
  dmi_get_bios_year: kfunc({}, int, () => Number(strings[BIOS_DATE]?.slice(-4))),
  dmi_get_date: kfunc({ field: int, yearp: voidPtr, monthp: voidPtr, dayp: voidPtr }, bool, (k, { field, yearp, monthp, dayp }) => {
    const [month, day, year] = strings[field]?.split('/').map(Number) ?? [];
    for (const [place, value] of [
      [yearp, year],
      [monthp, month],
      [dayp, day],
    ] as const)
      if (place !== NULL) k.memory.setU32(place, value ?? 0);
    return year !== undefined;
  }),
  dmi_find_device: partial(
    NO_TABLE,
    kfunc({ type: int, name: voidPtr, from: voidPtr }, voidPtr, () => NULL),
  ),
  dmi_walk: partial(
    NO_TABLE,
    kfunc({ decode: voidPtr, private_data: voidPtr }, int, () => -ENXIO),
  ),
  dmi_memdev_name: partial(
    NO_TABLE,
    kfunc({ handle: u16, bank: voidPtr, device: voidPtr }, nothing, () => {}),
  ),
  dmi_memdev_size: partial(
    NO_TABLE,
    kfunc({ handle: u16 }, u64, () => 0xffff_ffff_ffff_ffffn),
  ),
  dmi_memdev_type: partial(
    NO_TABLE,
    kfunc({ handle: u16 }, u8, () => 0),
  ),
  dmi_memdev_handle: partial(
    NO_TABLE,
    kfunc({ slot: int }, u16, () => 0xffff),
  ),
});
