// What of an oops, WARN, BUG or panic can be compared between two machines. All that is left is compared to the letter.

/** Registers of which something can be said in a report of user mode: the system call's number and result, and where it goes on. */
const ROW = /^<4>(?:RAX|RDX|RBP|R10|R13): .*$/;

/**
 * docs/decisions/0008 says why each of these differs.
 */
export function comparableReports(text: string): string {
  let user = false;
  let heap = false;
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('<4>RIP: 0033:')) user = true;
    else if (line.startsWith('<4>RIP: 0010:') || line === '<4> </TASK>') user = false;
    if (line.startsWith('<4> ? ')) continue;
    if (line.startsWith('<4>Code: ') && heap) {
      lines.push('<4>Code: HEAP');
      continue;
    }
    heap = /^<4>RIP: 0010:0x(?:ff11|ffffffff[0-2])/.test(line);
    lines.push(user ? comparableUser(line) : comparableLine(line));
  }
  return lines.join('\n');
}
function comparableUser(line: string): string {
  if (ROW.test(line)) return line.slice(0, 7);
  return line
    .replace(/^<4>RIP: 0033:.*/, '<4>RIP: 0033:USER')
    .replace(/^<4>Code: .*/, '<4>Code: USER')
    .replace(/^(<4>RSP: 002b:)[0-9a-f]{16} EFLAGS: [0-9a-f]{8}/, '$1USER');
}
function comparableLine(line: string): string {
  if (ROW.test(line)) return line.slice(0, 7);
  return line
    .replace(/PID: \d+/, 'PID')
    .replace(/(scheduling while atomic: \w+)\/\d+/, '$1')
    .replace(/^(<6>note: \w+)\[\d+\]/, '$1')
    .replace(/^<4>Hardware name: .*/, '<4>Hardware name')
    .replace(/^<4>FS: .*/, '<4>FS')
    .replace(/CR3: [0-9a-f]{16}/, 'CR3')
    .replace(/^(<4>CR2: )0000[0-9a-f]{12}(?= CR3)/, '$1USER')
    .replace(/^<6>PGD .*/, (tables) => tables.replace(/ (80000000)?[0-9a-f]+([0-9a-f]{3})\b/g, ' $1FRAME$2'))
    .replace(/kworker\/0:\d+(\[\d+\])?/, 'kworker/0:N')
    .replace(/(?:\b|0x)(?:ff11[0-9a-f]{12}|ffffffff[0-2][0-9a-f]{7})\b/g, 'HEAP')
    .replace(/(?:\b|0x)(?:ffa0[0-9a-f]{12}|ffffffff[3-6][0-9a-f]{7})\b/g, 'STACK');
}
