// Lays out the text of a .ko as the loader does, far enough to translate it: sections at module addresses, branch relocations
// applied, returns and retpolines patched. External functions get addresses of host functions.
import type { FunctionRange } from '#translate';
import { TEXT } from './guest.ts';

const HOST_FUNCTIONS = 0x80000000;
const SHF_ALLOC = 2;
const SHT_SYMTAB = 2;
const SHT_RELA = 4;
const SHT_NOBITS = 8;
const R_X86_64_64 = 1;
const R_X86_64_PC32 = 2;
const R_X86_64_PLT32 = 4;
const R_X86_64_32S = 11;

export interface LaidOut {
  readonly bytes: Uint8Array;
  readonly functions: readonly FunctionRange[];
  readonly hosts: ReadonlyMap<number, number>;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  /** Offset in the laid-out image, or -1. */
  at: number;
}

export function layOut(file: Uint8Array): LaidOut {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u64 = (at: number): number => Number(view.getBigUint64(at, true));
  const string = (at: number): string => {
    let end = at;
    while (file[end] !== 0) end++;
    return new TextDecoder().decode(file.subarray(at, end));
  };
  const table = u64(0x28);
  const sections: Section[] = [];
  for (let n = 0; n < view.getUint16(0x3c, true); n++) {
    const at = table + 64 * n;
    sections.push({
      name: String(view.getUint32(at, true)),
      type: view.getUint32(at + 4, true),
      flags: u64(at + 8),
      offset: u64(at + 24),
      size: u64(at + 32),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      align: Math.max(1, u64(at + 48)),
      at: -1,
    });
  }
  let size = 0;
  for (const section of sections) {
    if (!(section.flags & SHF_ALLOC)) continue;
    size = Math.ceil(size / section.align) * section.align;
    section.at = size;
    size += section.size;
  }
  const bytes = new Uint8Array(size);
  const out = new DataView(bytes.buffer);
  for (const { at, type, offset, size: length } of sections)
    if (at >= 0 && type !== SHT_NOBITS) bytes.set(file.subarray(offset, offset + length), at);

  const symbols: { name: string; value: number; size: number; type: number; section: number }[] = [];
  const symtab = sections.find(({ type }) => type === SHT_SYMTAB);
  if (symtab === undefined) throw new Error('no symbols');
  const strings = sections[symtab.link]?.offset ?? 0;
  const hosts = new Map<number, number>();
  for (let at = symtab.offset; at < symtab.offset + symtab.size; at += 24) {
    const section = view.getUint16(at + 6, true);
    const name = string(strings + view.getUint32(at, true));
    const start = sections[section]?.at ?? -1;
    let value = u64(at + 8) + TEXT + start;
    if (section === 0) {
      value = HOST_FUNCTIONS + 16 * hosts.size;
      hosts.set(value, hosts.size);
    }
    symbols.push({ name, value, size: u64(at + 16), type: (file[at + 4] ?? 0) & 15, section });
  }
  for (const rela of sections) {
    const target = sections[rela.info];
    if (rela.type !== SHT_RELA || target === undefined || target.at < 0) continue;
    for (let at = rela.offset; at < rela.offset + rela.size; at += 24) {
      const symbol = symbols[view.getUint32(at + 12, true)];
      const kind = view.getUint32(at + 8, true);
      const place = target.at + u64(at);
      const value = (symbol?.value ?? 0) + Number(view.getBigInt64(at + 16, true));
      if (kind === R_X86_64_64) out.setBigUint64(place, 0xffffffff00000000n | BigInt(value >>> 0), true);
      else if (kind === R_X86_64_PC32 || kind === R_X86_64_PLT32) {
        out.setInt32(place, (value - TEXT - place) | 0, true);
        if (symbol !== undefined) patchThunk(bytes, place, symbol.name);
      } else if (kind === R_X86_64_32S) out.setInt32(place, value | 0, true);
    }
  }
  const text = sections.filter(({ at, flags }) => at >= 0 && flags & 4);
  return { bytes, functions: functionsOf(symbols, text), hosts };
}

const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];

/** linux-modules.md 11.2: returns, retpolines and __fentry__ as a kernel without mitigations patches them. */
function patchThunk(bytes: Uint8Array, field: number, name: string): void {
  const opcode = bytes[field - 1];
  if (name === '__x86_return_thunk' && opcode === 0xe9) bytes.set([0xc3, 0xcc, 0xcc, 0xcc, 0xcc], field - 1);
  if (name === '__fentry__') bytes.set([0x0f, 0x1f, 0x44, 0, 0], field - 1);
  const register = REGISTERS.indexOf(name.replace('__x86_indirect_thunk_', ''));
  if (register < 0 || !name.startsWith('__x86_indirect_thunk_')) return;
  const modrm = (opcode === 0xe8 ? 0xd0 : 0xe0) + (register & 7);
  const code = register < 8 ? [0xff, modrm] : [0x41, 0xff, modrm];
  const start = bytes[field - 2] === 0x2e ? field - 2 : field - 1;
  while (start + code.length < field + 4) code.push(opcode === 0xe8 ? 0x90 : 0xcc);
  bytes.set(code, start);
}

function functionsOf(
  symbols: readonly { name: string; value: number; size: number; type: number }[],
  text: readonly Section[],
): FunctionRange[] {
  const inText = (ip: number): boolean => text.some(({ at, size }) => ip - TEXT >= at && ip - TEXT < at + size);
  const colds = new Map(symbols.filter(({ name }) => name.endsWith('.cold')).map((s) => [s.name.slice(0, -5), s]));
  const functions: FunctionRange[] = [];
  const seen = new Set<number>();
  for (const { name, value, size, type } of symbols) {
    if (type !== 2 || size === 0 || name.endsWith('.cold') || !inText(value) || seen.has(value)) continue;
    seen.add(value);
    const cold = colds.get(name);
    functions.push({
      start: value,
      end: value + size,
      name,
      ...(cold === undefined ? {} : { cold: { start: cold.value, end: cold.value + cold.size } }),
    });
  }
  return functions.sort((a, b) => a.start - b.start);
}
