// %pI and %pi: addresses of the internet. Source: lib/vsprintf.c (ip_addr_string); RFC 5952.
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const FLOWINFO_MASK = 0x0fffffff;

/** `letters`: what follows %pI, or %pi when `bare` (leading zeros, no colons). undefined: no such format. */
export function internetText(k: Kernel, address: Addr, bare: boolean, letters: string): string | undefined {
  const more = letters.slice(1);
  switch (letters[0]) {
    case '4':
      return version4(k, address, bare, more);
    case '6':
      return version6(k, address, bare, more.startsWith('c'));
    case 'S':
      return socketAddress(k, address, bare, more);
    default:
      return undefined;
  }
}
function version4(k: Kernel, address: Addr, bare: boolean, order: string): string {
  const bytes = [...k.memory.read(address, 4)];
  if (/[hl]/.test(order)) bytes.reverse();
  return bytes.map((byte) => (bare ? String(byte).padStart(3, '0') : String(byte))).join('.');
}
function version6(k: Kernel, address: Addr, bare: boolean, short: boolean): string {
  const groups = Array.from({ length: 8 }, (_, n) => bigEndian(k, address + n * 2, 2));
  if (short && !bare) return compressed(groups);
  return groups.map((group) => group.toString(16).padStart(4, '0')).join(bare ? '' : ':');
}
/** struct sockaddr_in and sockaddr_in6: p adds the port, f the flow, s the scope, c shortens. */
function socketAddress(k: Kernel, address: Addr, bare: boolean, letters: string): string {
  const family = k.memory.u16(address);
  const port = letters.includes('p') ? `:${bigEndian(k, address + 2, 2)}` : '';
  if (family === AF_INET) return version4(k, address + 4, bare, letters) + port;
  if (family !== AF_INET6) return '(einval)';
  const flow = letters.includes('f') ? `/${bigEndian(k, address + 4, 4) & FLOWINFO_MASK}` : '';
  const scope = letters.includes('s') ? `%${k.memory.u32(address + 24)}` : '';
  const text = version6(k, address + 8, bare, letters.includes('c'));
  return /[pfs]/.test(letters) ? `[${text}]${port}${flow}${scope}` : text;
}
function bigEndian(k: Kernel, address: Addr, bytes: number): number {
  return k.memory.read(address, bytes).reduce((value, byte) => value * 256 + byte, 0);
}
/** The longest run of zero groups becomes '::'; an IPv4 address inside keeps its dots. */
function compressed(groups: readonly number[]): string {
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const isatap = ((groups[4] as number) | 0x0200) === 0x0200 && groups[5] === 0x5efe;
  const count = mapped || isatap ? 6 : 8;
  let best = { start: -1, length: 1 };
  for (let start = 0; start < count; start++) {
    let length = 0;
    while (start + length < count && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const part = (from: number, to: number): string[] => groups.slice(from, to).map((group) => group.toString(16));
  const last = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
  const tail = count === 6 ? [last.join('.')] : [];
  if (best.start < 0) return [...part(0, count), ...tail].join(':');
  return `${part(0, best.start).join(':')}::${[...part(best.start + best.length, count), ...tail].join(':')}`;
}
