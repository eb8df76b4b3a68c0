// Where the regions of the guest's address space lie (indices; addresses are kernelAddr of them). docs: design.md 3.

/** page_offset_base: the direct map starts at index 0; its first MiB is the host's. */
export const DIRECT_MAP = { start: 0x0010_0000, end: 0x3000_0000 } as const;
/** vmemmap_base: struct page, 64 bytes a page. */
export const VMEMMAP = { start: 0x3000_0000, end: 0x3400_0000 } as const;
export const VMALLOC = { start: 0x3800_0000, end: 0x7000_0000 } as const;
/** One CPU's per-CPU area: offset 0 of it is the GS base. */
export const PERCPU = { start: 0x7000_0000, end: 0x7040_0000 } as const;
export const KERNEL_IMAGE = { start: 0x8000_0000, end: 0xc000_0000 } as const;
export const MODULES = { start: 0xc020_1000, end: 0xff00_0000 } as const;
export const PAGE_SIZE = 4096;
