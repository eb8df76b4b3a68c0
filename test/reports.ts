// What of an oops, WARN, BUG or panic can be compared between two machines. All that is left is compared to the letter.
// docs/decisions/0006-what-reports-cannot-repeat.md says why each of these differs.

export interface Comparison {
  /** All registers of the kernel hold what the module's code put there. */
  readonly registers?: boolean;
  /**
   * The kernel's own code, of which kobox has none, ran last before the module's function: of EFLAGS only what is no arithmetic is
   * compared. Otherwise RAX, RBX, RCX and RDI are compared too, which that code has set.
   */
  readonly left?: boolean;
}
const ROW = /^<4>(?:RAX|RDX|RBP|R10|R13): .*$/;
const ARITHMETIC_FLAGS = 0x8d5;
const PLACED: readonly (readonly [RegExp, string])[] = [
  [/PID: \d+/, 'PID'],
  [/^(<6>note: [\w/:]+)\[\d+\]/, '$1'],
  [/(scheduling while atomic: \w+)\/\d+/, '$1'],
  [/kworker\/0:\d+/, 'kworker/0:N'],
  [/^<4>Hardware name: .*/, '<4>Hardware name'],
  [/at [0-9a-f]{16} \(stack is [0-9a-f]{16}\.\.[0-9a-f]{16}\)/, 'at HASH (stack is HASH..HASH)'],
  [/(?<= loc )[0-9a-f]{16}/, 'HASH'],
  [/^(<4>RSP: 0018:)ffffffff8[0-9a-f]{7}/, '$1STACK'],
  [/^<4>FS: .*/, '<4>FS'],
  [/CR3: [0-9a-f]{16}/, 'CR3'],
  [/^(<4>CR2: )0000[0-9a-f]{12}(?= CR3)/, '$1USER'],
];
// Numbers of system calls whose arguments are known.
const WRITE = '0000000000000001';
const DELETE_MODULE = '00000000000000b0';
/** Where Linux and kobox have the direct map and the stacks. */
const HEAP = /(?:\b|0x)(?:ff11[0-9a-f]{12}|ffffffff[0-2][0-9a-f]{7})\b/g;
const STACK = /(?:\b|0x)(?:ffa0[0-9a-f]{12}|ffffffff[3-6][0-9a-f]{7})\b/g;

export function comparableReports(text: string, { registers = false, left = false }: Comparison = {}): string {
  let user = false;
  let outside = false;
  let heap = false;
  let systemCall = '';
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('<4> ? ')) continue;
    if (line.startsWith('<4>RIP: ')) {
      user = line.startsWith('<4>RIP: 0033:');
      outside = !line.includes('/0x') || line.includes('/0xffff');
      heap = /0x(?:ff11|ffffffff[0-2])/.test(line);
    } else if (line === '<4> </TASK>') user = false;
    systemCall = /ORIG_RAX: (\S+)/.exec(line)?.[1] ?? systemCall;
    if (user) lines.push(comparableUser(line, systemCall));
    else if (heap && line.startsWith('<4>Code: ')) lines.push('<4>Code: HEAP');
    else if (ROW.test(line)) lines.push(registers ? line : left || heap ? line.slice(0, 7) : comparableRow(line));
    // Who calls nothing has moved its stack pointer just before: these flags are the address's.
    else lines.push(comparableLine(left || outside ? withoutArithmetic(line) : line));
  }
  return lines.join('\n');
}
function comparableRow(line: string): string {
  if (line.startsWith('<4>RAX: ')) return comparableLine(line);
  if (line.startsWith('<4>RDX: ')) return comparableLine(line.replace(/(R(?:DX|SI): )[0-9a-f]{16}/g, '$1LEFT'));
  return line.slice(0, 7);
}
/** `systemCall`: its number, as the line before shows it. */
function comparableUser(line: string, systemCall: string): string {
  if (line.startsWith('<4>RAX: ')) return line.slice(0, 24);
  if (line.startsWith('<4>RDX: ') && systemCall === WRITE) return line.replace(/RSI: [0-9a-f]{16}/, 'RSI: USER');
  if (line.startsWith('<4>RDX: ') && systemCall === DELETE_MODULE) return line.replace(/(R(?:DX|DI): )[0-9a-f]{16}/g, '$1USER');
  if (ROW.test(line)) return line.slice(0, 7);
  return line
    .replace(/^<4>RIP: 0033:.*/, '<4>RIP: 0033:USER')
    .replace(/^<4>Code: .*/, '<4>Code: USER')
    .replace(/^(<4>RSP: 002b:)[0-9a-f]{16} EFLAGS: [0-9a-f]{8}/, '$1USER');
}
function comparableLine(line: string): string {
  let result = line;
  for (const [pattern, text] of PLACED) result = result.replace(pattern, text);
  return result
    .replace(/^<6>PGD .*/, (tables) => tables.replace(/ (80000000)?[0-9a-f]+([0-9a-f]{3})\b/g, ' $1FRAME$2'))
    .replace(HEAP, 'HEAP')
    .replace(STACK, 'STACK');
}
function withoutArithmetic(line: string): string {
  return line.replace(
    /EFLAGS: ([0-9a-f]{8})/,
    (_, flags: string) => `EFLAGS: ${(Number.parseInt(flags, 16) & ~ARITHMETIC_FLAGS).toString(16)}`,
  );
}
