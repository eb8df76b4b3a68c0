// Names of flags: %pGg, %pGv, %pGp. Source: lib/vsprintf.c (flags_string), include/trace/events/mmflags.h. The names and bits were
// printed by the real kernel: test/probes/flags.dmesg.
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

type Names = readonly (readonly [mask: bigint, name: string])[];
const bits = (names: readonly string[]): Names => names.flatMap((name, bit) => (name === '' ? [] : [[1n << BigInt(bit), name] as const]));

// include/linux/gfp_types.h; a name with more bits stands before those that it holds.
const GFP_RECLAIM = 0xc00n;
const GFP_USER = GFP_RECLAIM | 0x1000c0n;
const GFP_HIGHUSER_MOVABLE = GFP_USER | 0xan;
const GFP_TRANSHUGE_LIGHT = (GFP_HIGHUSER_MOVABLE | 0xc2000n) & ~GFP_RECLAIM;
// biome-ignore format: one name a row
const GFP: Names = [
  [GFP_TRANSHUGE_LIGHT | 0x400n,  'GFP_TRANSHUGE'],
  [GFP_TRANSHUGE_LIGHT,           'GFP_TRANSHUGE_LIGHT'],
  [GFP_HIGHUSER_MOVABLE,          'GFP_HIGHUSER_MOVABLE'],
  [GFP_USER | 2n,                 'GFP_HIGHUSER'],
  [GFP_USER,                      'GFP_USER'],
  [GFP_RECLAIM | 0x4000c0n,       'GFP_KERNEL_ACCOUNT'],
  [GFP_RECLAIM | 0xc0n,           'GFP_KERNEL'],
  [GFP_RECLAIM | 0x40n,           'GFP_NOFS'],
  [0xa20n,                        'GFP_ATOMIC'],
  [GFP_RECLAIM,                   'GFP_NOIO'],
  [0x800n,                        'GFP_NOWAIT'],
  [0x1n,                          'GFP_DMA'],
  [0x2n,                          '__GFP_HIGHMEM'],
  [0x4n,                          'GFP_DMA32'],
  [0x20n,                         '__GFP_HIGH'],
  [0x200n,                        '__GFP_ATOMIC'],
  [0x40n,                         '__GFP_IO'],
  [0x80n,                         '__GFP_FS'],
  [0x2000n,                       '__GFP_NOWARN'],
  [0x4000n,                       '__GFP_RETRY_MAYFAIL'],
  [0x8000n,                       '__GFP_NOFAIL'],
  [0x10000n,                      '__GFP_NORETRY'],
  [0x40000n,                      '__GFP_COMP'],
  [0x100n,                        '__GFP_ZERO'],
  [0x80000n,                      '__GFP_NOMEMALLOC'],
  [0x20000n,                      '__GFP_MEMALLOC'],
  [0x100000n,                     '__GFP_HARDWALL'],
  [0x200000n,                     '__GFP_THISNODE'],
  [0x10n,                         '__GFP_RECLAIMABLE'],
  [0x8n,                          '__GFP_MOVABLE'],
  [0x400000n,                     '__GFP_ACCOUNT'],
  [0x1000n,                       '__GFP_WRITE'],
  [0x400n,                        '__GFP_DIRECT_RECLAIM'],
  [0x800000n,                     '__GFP_ZEROTAGS'],
];
// biome-ignore format: eight bits a row
const VMA: Names = [
  ...bits([
    'read', 'write', 'exec', 'shared', 'mayread', 'maywrite', 'mayexec', 'mayshare',
    'growsdown', 'uffd_missing', 'pfnmap', '', 'uffd_wp', 'locked', 'io', 'seqread',
    'randread', 'dontcopy', 'dontexpand', 'lockonfault', 'account', 'noreserve', 'hugetlb', 'sync',
    'pat', 'wipeonfork', 'dontdump', 'softdirty', 'mixedmap', 'hugepage', 'nohugepage', 'mergeable',
  ]),
  [1n << 37n, 'uffd_minor'],
];
// biome-ignore format: in the order in which they are printed
const PAGE: Names = [
  [0, 'locked'], [7, 'waiters'], [8, 'error'], [1, 'referenced'], [2, 'uptodate'], [3, 'dirty'], [4, 'lru'], [5, 'active'],
  [6, 'workingset'], [9, 'slab'], [10, 'owner_priv_1'], [11, 'arch_1'], [12, 'reserved'], [13, 'private'], [14, 'private_2'],
  [15, 'writeback'], [16, 'head'], [17, 'mappedtodisk'], [18, 'reclaim'], [19, 'swapbacked'], [20, 'unevictable'], [21, 'mlocked'],
  [22, 'uncached'], [23, 'hwpoison'], [24, 'arch_2'],
].map(([bit, name]) => [1n << BigInt(bit as number), name as string]);
const PAGE_FLAGS_MASK = (1n << 25n) - 1n;

/** The names of `value`'s bits with bars between, then what is left as a number. */
function named(value: bigint, names: Names): string[] {
  let left = value;
  const parts: string[] = [];
  for (const [mask, name] of names) {
    if (left === 0n || (left & mask) !== mask) continue;
    parts.push(name);
    left &= ~mask;
  }
  return left === 0n ? parts : [...parts, `0x${left.toString(16)}`];
}
/** Above the flags: node, zone and the CPU and process of the last access. */
function pageText(value: bigint): string {
  const field = (shift: bigint, width: bigint): bigint => (value >> shift) & ((1n << width) - 1n);
  const place = [`node=${field(54n, 10n)}`, `zone=${field(51n, 3n)}`, `lastcpupid=0x${field(30n, 21n).toString(16)}`];
  return `0x${value.toString(16)}(${[...named(value & PAGE_FLAGS_MASK, PAGE), ...place].join('|')})`;
}
/** undefined: no such kind of flags. */
export function flagsText(k: Kernel, address: Addr, kind: string): string | undefined {
  if (kind === 'g') return named(BigInt(k.memory.u32(address)), GFP).join('|');
  if (kind === 'v') return named(k.memory.u64(address), VMA).join('|');
  return kind === 'p' ? pageText(k.memory.u64(address)) : undefined;
}
