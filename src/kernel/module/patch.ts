// Patches a module's text at load, as module_finalize() and the COMING notifiers do. Source: arch/x86/kernel/alternative.c,
// arch/x86/kernel/static_call.c, arch/x86/kernel/jump_label.c; facts in linux-modules.md 11.2.
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import type { Module } from './module.ts';

const NOP5 = [0x0f, 0x1f, 0x44, 0x00, 0x00];
const NOP2 = [0x66, 0x90];
const RET = [0xc3, 0xcc, 0xcc, 0xcc, 0xcc];
/** NOPs of 1 to 8 bytes (Intel SDM, "NOP"). */
const NOPS = [
  [],
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  NOP5,
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0, 0, 0, 0],
  [0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
] as const;
/** Feature numbers (arch/x86/include/asm/cpufeatures.h) of the plain CPU that we are. Entries for !XENPV apply as well. */
const X86_FEATURE_ALWAYS = 117;
const FEATURE_NOT = 0x8000;
const PRESENT: ReadonlySet<number> = new Set([X86_FEATURE_ALWAYS]);

/** sizeof(struct paravirt_patch_site). */
const PARAVIRT_SITE = 16;
const little32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];

export class Patcher {
  readonly #k: Kernel;
  readonly #module: Module;
  constructor(k: Kernel, module: Module) {
    this.#k = k;
    this.#module = module;
  }
  /** All of it, in Linux's order. */
  run(): void {
    this.#paravirt();
    this.#returns();
    this.#alternatives();
    this.#ftrace();
    this.#jumpLabels();
  }
  #write(at: Addr, bytes: readonly number[]): void {
    this.#k.memory.write(at, Uint8Array.from(bytes));
  }
  /** Addresses in a table of self-relative s32. */
  *#sites(section: string): Generator<Addr> {
    const place = this.#module.sectionAddress(section);
    if (place === undefined) return;
    for (let at = place.address; at + 4 <= place.address + place.size; at += 4) yield at + this.#k.memory.s32(at);
  }
  /** `call *pv_ops+X(%rip)` becomes a direct call of the native function, or NOPs where that does nothing. */
  #paravirt(): void {
    const place = this.#module.sectionAddress('.parainstructions');
    if (place === undefined) return;
    const { memory, symbols, description } = this.#k;
    const operations = symbols.require('pv_ops');
    const doesNothing = description.addressOf('_paravirt_nop');
    for (let entry = place.address; entry + PARAVIRT_SITE <= place.address + place.size; entry += PARAVIRT_SITE) {
      const site = memory.ptr(entry);
      const target = memory.ptr(operations + memory.u8(entry + 8) * 8);
      const room = memory.u8(entry + 9);
      if (target === doesNothing) this.#write(site, NOPS[room] ?? []);
      else this.#write(site, [0xe8, ...little32(target - (site + 5)), ...(NOPS[room - 5] ?? [])]);
    }
  }
  #returns(): void {
    const thunk = this.#k.description.exports.get('__x86_return_thunk')?.address;
    for (const site of this.#sites('.return_sites')) {
      if (this.#k.memory.u8(site) === 0xe9 && site + 5 + this.#k.memory.s32(site + 1) === thunk) this.#write(site, RET);
    }
  }
  #alternatives(): void {
    const place = this.#module.sectionAddress('.altinstructions');
    const { memory } = this.#k;
    if (place === undefined) return;
    for (let entry = place.address; entry + 12 <= place.address + place.size; entry += 12) {
      const site = entry + memory.s32(entry);
      const replacement = entry + 4 + memory.s32(entry + 4);
      const feature = memory.u16(entry + 8);
      const room = memory.u8(entry + 10);
      const length = memory.u8(entry + 11);
      const present = PRESENT.has(feature & ~FEATURE_NOT);
      if (present === ((feature & FEATURE_NOT) !== 0) || length > room) continue;
      const bytes = [...memory.read(replacement, length)];
      if ((bytes[0] === 0xe8 || bytes[0] === 0xe9) && length === 5) {
        const target = replacement + 5 + memory.s32(replacement + 1) - (site + 5);
        bytes.splice(1, 4, ...little32(target));
      }
      for (let left = room - length; left > 0; ) {
        const nop = NOPS[Math.min(left, 8)] as readonly number[];
        bytes.push(...nop);
        left -= nop.length;
      }
      this.#write(site, bytes);
    }
  }
  #ftrace(): void {
    const place = this.#module.sectionAddress('__mcount_loc');
    if (place === undefined) return;
    for (let at = place.address; at + 8 <= place.address + place.size; at += 8) this.#write(this.#k.memory.ptr(at), NOP5);
  }
  /** Each site gets the state of its key: a jump where branch default and key differ, else a NOP. */
  #jumpLabels(): void {
    for (const { entry, key, inverted } of this.#jumpEntries()) this.setJump(entry, this.#enabled(key) !== inverted);
  }
  #enabled(key: Addr): boolean {
    return this.#k.memory.s32(key) > 0;
  }
  /** Entries whose code is gone (that of init) are left out. */
  *#jumpEntries(): Generator<{ entry: Addr; key: Addr; inverted: boolean }> {
    const place = this.#module.sectionAddress('__jump_table');
    const { memory } = this.#k;
    if (place === undefined) return;
    for (let entry = place.address; entry + 16 <= place.address + place.size; entry += 16) {
      const key = entry + 8 + Number(memory.s64(entry + 8));
      const code = entry + memory.s32(entry);
      const inCore = code >= this.#module.core && code < this.#module.core + this.#module.coreSize;
      if (inCore || this.#module.initSize > 0) yield { entry, key: Math.floor(key / 4) * 4, inverted: (key & 1) !== 0 };
    }
  }
  /** These keys were switched: the sites that test them follow, in code that may already run. */
  updateKeys(switched: ReadonlySet<Addr>): void {
    const { memory, cpu, execution } = this.#k;
    for (const { entry, key, inverted } of this.#jumpEntries()) {
      if (!switched.has(key)) continue;
      this.setJump(entry, this.#enabled(key) !== inverted);
      const code = (entry + memory.s32(entry)) >>> 0;
      cpu.invalidate(code, code + 5);
      execution.codePatched();
    }
  }
  /** Makes one site jump, or not. */
  setJump(entry: Addr, taken: boolean): void {
    const { memory } = this.#k;
    const code = entry + memory.s32(entry);
    const distance = entry + 4 + memory.s32(entry + 4) - code;
    const first = memory.u8(code);
    const short = first === 0xeb || first === 0x66;
    if (!taken) this.#write(code, short ? NOP2 : NOP5);
    else if (short) this.#write(code, [0xeb, (distance - 2) & 0xff]);
    else this.#write(code, [0xe9, ...little32(distance - 5)]);
  }
}
