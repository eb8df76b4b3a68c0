// %pGg, %pGv, %pGp: flags by name. Source: lib/vsprintf.c (format_flags), include/trace/events/mmflags.h, with the values of
// include/linux/{gfp_types,mm,page-flags}.h. The order matters: what several bits make together comes before the bits.

type Names = readonly (readonly [mask: bigint, name: string])[];

// biome-ignore format: one row of names per line
const GFP: Names = [
  [0x1c24can, 'GFP_TRANSHUGE'], [0x1c20can, 'GFP_TRANSHUGE_LIGHT'], [0x100ccan, 'GFP_HIGHUSER_MOVABLE'], [0x100cc2n, 'GFP_HIGHUSER'],
  [0x100cc0n, 'GFP_USER'], [0x400cc0n, 'GFP_KERNEL_ACCOUNT'], [0xcc0n, 'GFP_KERNEL'], [0xc40n, 'GFP_NOFS'], [0xa20n, 'GFP_ATOMIC'],
  [0xc00n, 'GFP_NOIO'], [0x800n, 'GFP_NOWAIT'], [1n, 'GFP_DMA'], [2n, '__GFP_HIGHMEM'], [4n, 'GFP_DMA32'], [0x20n, '__GFP_HIGH'],
  [0x200n, '__GFP_ATOMIC'], [0x40n, '__GFP_IO'], [0x80n, '__GFP_FS'], [0x2000n, '__GFP_NOWARN'], [0x4000n, '__GFP_RETRY_MAYFAIL'],
  [0x8000n, '__GFP_NOFAIL'], [0x10000n, '__GFP_NORETRY'], [0x40000n, '__GFP_COMP'], [0x100n, '__GFP_ZERO'],
  [0x80000n, '__GFP_NOMEMALLOC'], [0x20000n, '__GFP_MEMALLOC'], [0x100000n, '__GFP_HARDWALL'], [0x200000n, '__GFP_THISNODE'],
  [0x10n, '__GFP_RECLAIMABLE'], [8n, '__GFP_MOVABLE'], [0x400000n, '__GFP_ACCOUNT'], [0x1000n, '__GFP_WRITE'],
  [0xc00n, '__GFP_RECLAIM'], [0x400n, '__GFP_DIRECT_RECLAIM'], [0x800n, '__GFP_KSWAPD_RECLAIM'], [0x800000n, '__GFP_ZEROTAGS'],
];
// biome-ignore format: one row of names per line
const VMA: Names = [
  [1n, 'read'], [2n, 'write'], [4n, 'exec'], [8n, 'shared'], [0x10n, 'mayread'], [0x20n, 'maywrite'], [0x40n, 'mayexec'],
  [0x80n, 'mayshare'], [0x100n, 'growsdown'], [0x200n, 'uffd_missing'], [1n << 37n, 'uffd_minor'], [0x400n, 'pfnmap'],
  [0x1000n, 'uffd_wp'], [0x2000n, 'locked'], [0x4000n, 'io'], [0x8000n, 'seqread'], [0x10000n, 'randread'], [0x20000n, 'dontcopy'],
  [0x40000n, 'dontexpand'], [0x80000n, 'lockonfault'], [0x100000n, 'account'], [0x200000n, 'noreserve'], [0x400000n, 'hugetlb'],
  [0x800000n, 'sync'], [0x1000000n, 'pat'], [0x2000000n, 'wipeonfork'], [0x4000000n, 'dontdump'], [0x8000000n, 'softdirty'],
  [0x10000000n, 'mixedmap'], [0x20000000n, 'hugepage'], [0x40000000n, 'nohugepage'], [0x80000000n, 'mergeable'],
];
// enum pageflags, by bit.
// biome-ignore format: one row of names per line
const PAGE: Names = [
  [0, 'locked'], [7, 'waiters'], [8, 'error'], [1, 'referenced'], [2, 'uptodate'], [3, 'dirty'], [4, 'lru'], [5, 'active'],
  [6, 'workingset'], [9, 'slab'], [10, 'owner_priv_1'], [11, 'arch_1'], [12, 'reserved'], [13, 'private'], [14, 'private_2'],
  [15, 'writeback'], [16, 'head'], [17, 'mappedtodisk'], [18, 'reclaim'], [19, 'swapbacked'], [20, 'unevictable'], [21, 'mlocked'],
  [22, 'uncached'], [23, 'hwpoison'], [24, 'arch_2'],
].map(([bit, name]) => [1n << BigInt(bit as number), name as string]);
const PAGE_FLAGS_MASK = (1n << 25n) - 1n;
// Fields above the flags, from the top: NODES_SHIFT 10, three bits of zone, NR_CPUS 8192 and eight bits of pid.
const PAGE_FIELDS: readonly (readonly [name: string, shift: bigint, width: bigint, hex: boolean])[] = [
  ['node', 54n, 10n, false],
  ['zone', 51n, 3n, false],
  ['lastcpupid', 30n, 21n, true],
];

const hex = (value: bigint): string => `0x${value.toString(16)}`;
function byName(flags: bigint, names: Names): string {
  const found: string[] = [];
  let rest = flags;
  for (const [mask, name] of names) {
    if (rest === 0n) break;
    if ((rest & mask) !== mask) continue;
    found.push(name);
    rest &= ~mask;
  }
  if (rest !== 0n) found.push(hex(rest));
  return found.join('|');
}
/** `kind`: the letter after %pG. undefined: no such format. */
export function flagsByName(kind: string, flags: bigint): string | undefined {
  if (kind === 'g') return byName(flags & 0xffffffffn, GFP);
  if (kind === 'v') return byName(flags, VMA);
  if (kind !== 'p') return undefined;
  const main = flags & PAGE_FLAGS_MASK;
  const fields = PAGE_FIELDS.map(([name, shift, width, inHex]) => {
    const value = (flags >> shift) & ((1n << width) - 1n);
    return `${name}=${inHex ? hex(value) : value}`;
  });
  return `${hex(flags)}(${[...(main === 0n ? [] : [byName(main, PAGE)]), ...fields].join('|')})`;
}
