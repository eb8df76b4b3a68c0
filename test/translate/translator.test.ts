// The translator on code that gcc made as for the kernel: stops, resumption, faults, calls of host functions.
import { expect, test } from 'vitest';
import { build, Guest, type GuestOptions, layout, TEXT } from './guest.ts';

const HOST = 0x80000010;
/** CRC-32 of the bytes 0..99, by zlib. */
const CRC = 0x58c932f5n;
const image = build(`
typedef unsigned long u64; typedef unsigned int u32;
#define NOINLINE __attribute__((noinline))
NOINLINE u64 fib(u64 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
u32 crc(u32 n) { u32 c = ~0u; for (u32 i = 0; i < n; i++) { c ^= i & 255; for (int k = 0; k < 8; k++) c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0); } return ~c; }
static u64 words[64];
u64 sum(u64 n) { u64 s = 0; for (u64 i = 0; i < 64; i++) words[i] = i * i; for (u64 i = 0; i < n; i++) s += words[i & 63]; return s; }
NOINLINE u64 twice(u64 x) { return 2 * x; }
u64 (*pointer)(u64) = twice;
u64 indirect(u64 n) { u64 s = 0; for (u64 i = 0; i < n; i++) s += pointer(i); return s; }
u64 through(u64 (*f)(u64), u64 x) { return f(x) + 1; }
u64 load(u64 *p) { return p[2]; }
void store(u64 *p) { p[1] = 7; }
u64 both(u64 *p, u64 *q) { u64 a = p[0]; q[0] = a + 1; return a; }
void zero(void *p, u64 n) { __asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(0) : "memory"); }
NOINLINE u64 odd(u64 n);
NOINLINE u64 even(u64 n) { if (n == 0) return 1; __asm__ volatile(""); return odd(n - 1); }
NOINLINE u64 odd(u64 n) { if (n == 0) return 0; __asm__ volatile(""); return even(n - 1); }
u64 divide(u64 a, u64 b) { return a / b; }
void trap(void) { __builtin_trap(); }
u64 deep(u64 n) { volatile char space[128]; space[0] = n; return n == 0 ? space[0] : deep(n + 1) + space[0]; }
void vector(void) { __asm__ volatile(".byte 0x66,0x0f,0xef,0xc0"); }
u64 host(u64 x) { return ((u64 (*)(u64))0xffffffff80000010ul)(x) + 5; }
u64 loop_host(u64 n) { u64 s = 0; while (n--) s += ((u64 (*)(u64))0xffffffff80000010ul)(n); return s; }
/* A loop with two entries. */
__asm__(".globl irreducible\\n.type irreducible,@function\\nirreducible: xor %eax,%eax; test $1,%dil; jne 2f; 1: add $3,%rax; 2: add $5,%rax; sub $1,%rsi; jns 1b; test $2,%dil; je 3f; sub $2,%rdi; test $1,%dil; jne 2b; jmp 1b; 3: ret; .size irreducible, .-irreducible");
`);

const OPTIONS: readonly GuestOptions[] = [
  {},
  { checks: 'none' },
  { fuel: 1, entries: 1 },
  { fuel: 2, entries: 3 },
  { fuel: 3, entries: 1 },
  { fuel: 7, entries: 5 },
  { fuel: 50, entries: 50 },
];

/** A guest whose host function returns ten times its argument. */
function withHost(options: GuestOptions, behave: (guest: Guest) => number = () => 1): Guest {
  const guest: Guest = new Guest(image, {
    ...options,
    host: {
      hostFunctionAt: (ip) => (ip === HOST ? 3 : -1),
      hostCall(index) {
        expect(index).toBe(3);
        if (behave(guest) === 0) return 0;
        guest.setRegister(0, 10n * guest.register(7));
        const rsp = Number(BigInt.asUintN(32, guest.register(4)));
        guest.setRegister(4, guest.register(4) + 8n);
        return guest.view.getUint32(rsp, true);
      },
    },
  });
  return guest;
}

test.for(OPTIONS)('results are the same with %o', (options) => {
  const guest = withHost(options);
  expect(guest.call('fib', 15n)).toBe(610n);
  expect(guest.call('crc', 100n)).toBe(CRC);
  expect(guest.call('sum', 200n)).toBe(3n * 85344n + 140n);
  expect(guest.call('indirect', 30n)).toBe(870n);
  expect(guest.call('even', 3000n)).toBe(1n);
  expect(guest.call('divide', 1000n, 7n)).toBe(142n);
  expect(guest.call('host', 4n)).toBe(45n);
  expect(guest.call('loop_host', 10n)).toBe(450n);
  expect(guest.call('through', 0xffffffff00000000n | BigInt(HOST), 4n)).toBe(41n);
});

test('irreducible loops', () => {
  // Recorded from the same code run natively.
  const expected = (di: number, si: number): bigint => {
    let [rax, rdi, rsi] = [0n, di, si];
    let at = rdi & 1 ? 2 : 1;
    for (;;) {
      if (at === 1) rax += 3n;
      rax += 5n;
      rsi--;
      if (rsi >= 0) at = 1;
      else if ((rdi & 2) === 0) return rax;
      else {
        rdi -= 2;
        at = rdi & 1 ? 2 : 1;
      }
    }
  };
  for (const options of OPTIONS) {
    const guest = new Guest(image, options);
    for (const [di, si] of [
      [0, 3],
      [1, 3],
      [2, 0],
      [3, 5],
    ] as const) {
      expect(guest.call('irreducible', BigInt(di), BigInt(si))).toBe(expected(di, si));
    }
  }
});

test.for([
  { name: 'load', pointer: 0n, address: 0x10n, write: false },
  { name: 'load', pointer: 0xfffffffffffffff4n, address: 4n, write: false },
  { name: 'load', pointer: 0x7fffdeadb000n, address: 0x7fffdeadb010n, write: false },
  { name: 'load', pointer: 0xdead000000000100n, address: 0xdead000000000110n, write: false },
  { name: 'load', pointer: 0xffff888000000000n, address: 0xffff888000000010n, write: false },
  { name: 'load', pointer: 0xffffffff00001000n, address: 0xffffffff00001010n, write: false },
  { name: 'store', pointer: 0n, address: 8n, write: true },
  { name: 'store', pointer: 0xfffffffffffffff4n, address: 0xfffffffffffffffcn, write: true },
])('$name of $pointer faults at $address', ({ name, pointer, address, write }) => {
  const guest = new Guest(image);
  for (let r = 0; r < 16; r++) guest.setRegister(r, 0x1111111111111111n * BigInt(r));
  const stop = guest.start(name, [pointer]);
  expect(stop).toMatchObject({ kind: 'fault', address, write });
  expect(guest.register(7)).toBe(pointer);
  expect(guest.register(15)).toBe(0xffffffffffffffffn);
  expect(guest.view.getBigUint64(layout.faultAddress, true)).toBe(address);
});

test('a fault leaves exact state, and running goes on at another place', () => {
  const guest = new Guest(image);
  const good = 0xffffffffa0000000n;
  guest.view.setBigUint64(0xa0000000, 41n, true);
  const stop = guest.start('both', [good, 16n]);
  expect(stop).toMatchObject({ kind: 'fault', address: 16n, write: true });
  expect(guest.register(0)).toBe(41n);
  guest.setRegister(6, good);
  if (stop.kind !== 'fault') return;
  expect(guest.translator.run(stop.ip)).toMatchObject({ kind: 'left' });
  expect(guest.view.getBigUint64(0xa0000000, true)).toBe(42n);
});

test('rep stos stops where memory ends, with the registers of an interrupted instruction', () => {
  const guest = new Guest(image);
  const stop = guest.start('zero', [0xffffffffffffefffn - 9n, 100n]);
  expect(stop).toMatchObject({ kind: 'fault', address: 0xfffffffffffff000n, write: true });
  expect(guest.register(1)).toBe(90n);
  expect(guest.register(7)).toBe(0xfffffffffffff000n);
});

test('other stops', () => {
  const guest = new Guest(image);
  expect(guest.start('divide', [1n, 0n])).toMatchObject({ kind: 'trap', vector: 0 });
  expect(guest.start('trap', [])).toMatchObject({ kind: 'trap', vector: 6 });
  expect(guest.start('vector', [])).toMatchObject({ kind: 'unimplemented', text: 'pxor %xmm0,%xmm0' });
  expect(guest.start('deep', [1n])).toMatchObject({ kind: 'stack', ip: guest.symbol('deep') });
  expect(guest.start('through', [0n])).toEqual({ kind: 'left', ip: 0 });
  expect(guest.view.getBigUint64(layout.rip, true)).toBe(0n);
  expect(guest.start('through', [0x1234567800000010n])).toEqual({ kind: 'left', ip: 0x10 });
  expect(guest.view.getBigUint64(layout.rip, true)).toBe(0x1234567800000010n);
});

test('a host function may unwind, and the guest goes on at the return address', () => {
  let calls = 0;
  const guest = withHost({}, () => (++calls % 3 === 0 ? 0 : 1));
  let stop = guest.start('loop_host', [9n]);
  let unwinds = 0;
  while (stop.kind === 'kernel') {
    unwinds++;
    const rsp = Number(BigInt.asUintN(32, guest.register(4)));
    guest.setRegister(0, 10n * guest.register(7));
    guest.setRegister(4, guest.register(4) + 8n);
    stop = guest.translator.run(guest.view.getUint32(rsp, true));
  }
  expect(unwinds).toBe(3);
  expect(guest.register(0)).toBe(360n);
});

test('an exception of a host function passes through', () => {
  let fail = true;
  const guest = withHost({}, () => {
    if (fail) throw new RangeError('from the host');
    return 1;
  });
  expect(() => guest.start('host', [4n])).toThrow('from the host');
  expect(guest.register(7)).toBe(4n);
  fail = false;
  expect(guest.call('host', 4n)).toBe(45n);
});

test('patched text is translated anew', () => {
  const guest = new Guest(image);
  expect(guest.call('indirect', 10n)).toBe(90n);
  const twice = guest.symbol('twice');
  const saved = guest.bytes.slice(twice, twice + 8);
  // mov %rdi,%rax; ret
  guest.bytes.set([0x48, 0x89, 0xf8, 0xc3], twice);
  guest.translator.invalidate(twice, twice + 4);
  expect(guest.call('indirect', 10n)).toBe(45n);
  guest.bytes.set(saved, twice);
  guest.translator.invalidate(TEXT, TEXT + 4096);
  expect(guest.call('indirect', 10n)).toBe(90n);
});
