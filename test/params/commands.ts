// The commands that test/params/drive.c (on the real kernel) and drive.ts (on ours) carry out, always the same ones:
//   load ARGUMENTS           loads every.ko and removes it again
//   open ARGUMENTS, close    the two parts of that
//   write FILE VALUE         in /sys/module/every/parameters, or anywhere
//   read FILE COUNT OFFSET
//   chmod FILE MODE
//   control QUERY            writes to /proc/dynamic_debug/control
// ARGUMENTS, VALUE and QUERY are Latin-1 with bytes below 32, above 126, and \ written \xNN, and long runs of a byte \*COUNT;BYTE.

const escapeByte = (byte: string): string => (/[^ -~]|\\/.test(byte) ? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}` : byte);
export const escape = (text: string): string =>
  text.replace(/(.)\1{19,}|[^ -~]|\\/gs, (run, byte?: string) => (byte === undefined ? '' : `\\*${run.length};`) + escapeByte(byte ?? run));
export const unescape = (text: string): string =>
  text.replace(/(?:\\\*(\d+);)?(?:\\x([0-9a-f]{2})|(.))/gs, (_, run: string | undefined, code: string | undefined, plain: string) =>
    (code === undefined ? plain : String.fromCharCode(Number.parseInt(code, 16))).repeat(Number(run ?? 1)),
  );

// biome-ignore format: one type a row
const integers: Readonly<Record<string, readonly [least: bigint, most: bigint]>> = {
  byte:   [0n, 255n],
  short:  [-32768n, 32767n],
  ushort: [0n, 65535n],
  int:    [-(2n ** 31n), 2n ** 31n - 1n],
  uint:   [0n, 2n ** 32n - 1n],
  long:   [-(2n ** 63n), 2n ** 63n - 1n],
  ulong:  [0n, 2n ** 64n - 1n],
  ullong: [0n, 2n ** 64n - 1n],
  hexint: [0n, 2n ** 32n - 1n],
};
const hexadecimal = (value: bigint): string => (value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`);
const octal = (value: bigint): string => (value < 0n ? `-0${(-value).toString(8)}` : `0${value.toString(8)}`);
// biome-ignore format: one list
const ODD_NUMBERS = [
  '', '0', '-0', '+0', '+5', '-5', '--5', '+-5', '-+5', '++5', '+', '-', '0x', '0X', '0x1F', '0X1f', '0xg', '-0x10', '+0x10', '00', '010',
  '08', '018', '0b1', '1e3', '5u', '5L', '1_000', '1,000', '1.5', ' 5', '5 ', '5\t', '5\n', '5\n\n', '\n5', '\n', '5\r\n', '5\xa0', '\xb2',
  '0x 5', '99999999999999999999999', '-99999999999999999999999', '99999999999999999999999x', '-99999999999999999999999x',
  '18446744073709551615', '18446744073709551616', '18446744073709551616x', '0x10000000000000000', '-9223372036854775809', 'x', 'nul', 'A', "'5'",
];
// biome-ignore format: one list
const ODD_SWITCHES = [
  '', 'y', 'Y', 'yes', 't', 'T', 'true', 'tru', '1', '10', 'n', 'N', 'no', 'nope', 'f', 'F', 'false', '0', '00', 'on', 'On', 'oN', 'ON', 'onion',
  'of', 'off', 'OFF', 'oFf', 'o', 'O', 'ox', 'o n', '2', '-1', 'maybe', ' y', '\ny', 'y\n', 'e', 'd', 'enable', '\xff', 'q',
];
const SWITCHES = ['bool', 'invbool', 'bint', 'bool_enable_only'];
const quoted = (value: string): string => (/[\s\xa0]/.test(value) ? `"${value}"` : value);

function* boundaries([least, most]: readonly [bigint, bigint]): Generator<string> {
  for (const value of [least - 1n, least, least + 1n, most - 1n, most, most + 1n]) {
    yield `${value}`;
    yield hexadecimal(value);
    yield octal(value);
  }
}
function* ofTypes(): Generator<string> {
  for (const [type, range] of Object.entries(integers)) {
    for (const value of boundaries(range)) yield `${type}=${value}`;
    for (const value of ODD_NUMBERS) yield `${type}=${quoted(value)}`;
    yield type;
  }
  for (const type of SWITCHES) {
    for (const value of ODD_SWITCHES) yield `${type}=${quoted(value)}`;
    yield type;
    yield `${type} ${type}=0`;
    yield `${type}=0 ${type}`;
  }
}
// biome-ignore format: one list
const TEXTS = [
  '', 'a', '"', '""', '"""', '"a b"', '"a b', 'a"b c"d', '"a"b', 'a"', '"a" b', "'a b'", 'a=b', '=', '==', '"="', 'a,b', ',', '\\', '\\n', '\\"a b\\"',
  '"tab\there"', '"line\nhere"', '"ends in newline\n"', '\x01', '\x7f', '\xe4\xf6\xfc', 'fu\xc3\x9f', '\xff\xfe', '"\xa0"', '%s%n%d', '--', '"--"', '"a\vb\fc\rd"',
];
function* ofTexts(): Generator<string> {
  for (const name of ['charp', 'string', 'noarg']) {
    for (const value of TEXTS) yield `${name}=${value}`;
    yield name;
    yield `"${name}=a b" int=1`;
    yield `"${name}"=a b`;
  }
  for (const length of [6, 7, 8, 9, 100]) yield `string=${'s'.repeat(length)}`;
  for (const length of [1022, 1023, 1024, 1025, 1026, 5000]) {
    yield `charp=${'c'.repeat(length)}`;
    yield `charp="${'c'.repeat(length)}" int=5`;
    yield `a_charp=b,${'c'.repeat(length)}`;
  }
}
function* ofArrays(): Generator<string> {
  for (const type of [...Object.keys(integers), ...SWITCHES, 'charp']) {
    for (const value of [
      '1',
      '1,0',
      '1,0,1',
      '1,0,1,0',
      '1,',
      ',1',
      ',',
      '',
      '1,,1',
      '1,bad,1',
      '300,70000,5000000000',
      'n,y,N',
      '"1,0"',
      '1, 0',
      '-1,-2',
      '1,0,1,',
    ])
      yield `a_${type}=${value}`;
    yield `a_${type}`;
    yield `a_${type}=1,1 a_${type}=0`;
  }
  for (const value of ['5', '5,6', '5,6,7', '5,x', 'x', ',', ''])
    for (const name of ['uncounted', 'single', 'squares']) yield `${name}=${value}`;
  yield 'squares=1,2,3,4';
  yield 'squares=1,2,3,4,5';
  yield 'squares=1,2,x,4 squares=9';
}
// biome-ignore format: one list
const TOKENS = [
  '', ' ', '\t\n\v\f\r \xa0', '  int=5  ', '\tint=5\n', 'int=5\n', 'int=5\vuint=6', 'int=5\xa0uint=6', 'int = 5', 'int =5', 'int= 5', '=5', '==5', '=', '= int=5', '"', '""', '"""',
  '" "', '"" int=5', '"int=5"', '"int"=5', '"int=5', 'int="5', 'int="5"', 'int=""5""', 'int="5"5', 'int=5"', 'int="5" "', '"int=5" uint=6', '"int="5', '"int="5"', 'in"t=5', 'int"=5', 'int=5"6 7"',
  '--', '-- ', ' -- x', '--=', '--=5', '--x', '-', '---', 'int=5 -- uint=6', 'int=5 --', 'int=x -- uint=6', '-- -- int=5', '-- "a b"', '"--" int=5', '--\tx', '--"" x', '-- \xe4\x01', 'bogus --  two  blanks ',
  'int=5 int=6', 'int=6 int=x', 'int=x int=6', 'int=x uint=y', 'int=99999999999 byte=x', 'byte=x int=99999999999', 'bool int', 'int bool', 'Int=5', 'INT=5', 'int.=5', '.int=5', 'int.x=5', 'every.int=5',
  'bogus', 'bogus=5', 'bogus=', 'bogus="a b"', 'bogus bogus', '\xe4=5', 'b\x01=5', 'a-b_c=1', 'a.b.c=1', '.=1', '..=', 'bo"gus x"=1', "'int=5'", 'int,uint=5', 'a_int-x=3', 'none=7', 'readable=7 writable=8 mine=9',
  'bool-enable-only=1', 'a-int=1', 'bool_enable-only', 'unsafe-int=3', 'with-dash=5', 'with_dash=5', 'with-dash', 'twice=5', 'twice=5 twice=6', 'twice=x', 'writable=1', 'hw_port=5', 'hw_ports=5,6', 'hw-port=x', 'freed=1',
  'entries_unknown=1', 'int=5;uint=6', 'int=5,uint=6', '\\int=5', 'int\\=5', '#int=5', 'int=5 # uint=6', '%s=%s', 'bogus%s %d=1', 'int=5\x01', '\x01int=5', `${'b'.repeat(300)}=1`, `bogus=${'v'.repeat(900)} x`, `${'x'.repeat(60)}.dyndbg=+p`,
  `${'int=5 '.repeat(200)}int=6`, `${'bogus '.repeat(8)}`, `-- ${'r'.repeat(1500)}`,
  // The first of them taints.
  'unsafe_int=x', 'unsafe_bool', 'unsafe_bool=maybe', 'unsafe_int=5 unsafe_int=6', 'unsafe_int', 'async_probe', 'async_probe=1', 'async_probe=0', 'async_probe=y', 'async_probe=n', 'async_probe=maybe', 'async_probe=', 'async-probe=1', 'async_probe=1 async_probe=0',
];
function* ofCallbacks(): Generator<string> {
  // ENOENT and ENOSPC have texts of their own; above 4095 nothing is an error, and Linux shows what is no pointer.
  for (const errno of [...Array.from({ length: 133 }, (_, n) => n + 1), 512, 517, 524, 1000, 4094, 4095]) yield `answer=-${errno}`;
  for (const answer of [
    '0',
    '1',
    '2',
    '28',
    '4095',
    'x',
    '',
    '-1 answer=-5',
    '-5 answer=0',
    '5 answer=-5',
    '-5 answer=5',
    '5 -- x',
    '-5 -- x',
    '0 -- x',
    '5 --',
  ])
    yield `answer=${answer}`;
  for (const value of ['cut', 'c', 'ca', 'upper case', 'upper', 'empty', 'not found', 'nn', 'join', 'j', 'fine', '']) {
    // Behind the last one there is nothing of the string's to write to.
    if (!value.startsWith('j')) yield `scribble=${value}`;
    yield `scribble=${value} int=5 uint=6`;
    yield `scribble="${value}" int=x`;
  }
  for (const value of ['0', '1', '5', '10', '11', '-1', 'x', '', '4294967296', '0xa']) yield `minmax=${value}`;
  yield 'minmax';
  yield 'scribble';
  yield 'answer';
  for (const value of ['-1', '0', '3', '4', '8', '4095', '4096', '4097', '-5', '-38', '1', '2', 'x']) yield `odd=${value}`;
}
// biome-ignore format: one list
const DYNDBG = [
  'dyndbg', 'dyndbg=', 'dyndbg=+p', 'dyndbg=+pf', 'dyndbg="+p"', 'dyndbg=p', 'dyndbg="func every_init +p"', 'dyndbg="func every_exit +pmfl"', 'dyndbg="module every +p"', 'dyndbg="module other +p"', 'dyndbg="file *every.c =pl"',
  'every.dyndbg', 'every.dyndbg=+pf', 'other.dyndbg=+p', 'a.every.dyndbg=+p', '.dyndbg=+p', 'every.dyndbg.x=1', 'dyndbg.x', 'every.=1', 'Dyndbg', 'dyndbg=+x', 'dyndbg="line"', 'dyndbg=";"', 'dyndbg="bogus x +p; +pl"', 'dyndbg dyndbg=-p', 'int=x dyndbg',
  'dyndbg="+p # comment"', 'dyndbg=+p,+l', 'ev_ery.dyndbg', 'dyn-dbg',
  'dyndbg="class RED +p"',
];

/** Reads and stores, on a module that stays. */
function* sysfs(): Generator<string> {
  yield 'open int=1';
  const write = (file: string, value: string): string => `write ${file} ${escape(value)}`;
  for (const value of ['5', '5\n', '5\n\n', ' 5', '5 ', '', '\n', 'x', '99999999999', '-1', '"5"', '5\0garbage', '\0', '0x1F', '08']) {
    for (const file of ['int', 'byte', 'hexint', 'minmax']) yield write(file, value);
  }
  for (const file of SWITCHES) for (const value of ['1', 'Y\n', 'n', '0\n', 'maybe', '', 'on', 'off\n', '2']) yield write(file, value);
  for (const value of [
    'text',
    'text\n',
    'two words\n',
    '"quoted"',
    '',
    '\n',
    '1234567',
    '12345678',
    '123456\n',
    '1234567\n',
    '\xe4\x01\\',
    'a\0b',
  ]) {
    for (const file of ['charp', 'string', 'noarg']) yield write(file, value);
  }
  for (const value of ['1', '1,0\n', '1,0,1', '1,0,1,0', '', ',', '1,', '1,bad,0', '0,1,1\n', '5 6', '1,1\n,1', '300,2'])
    for (const file of ['a_int', 'a_byte', 'a_bool', 'a_bool_enable_only', 'a_charp', 'squares', 'uncounted', 'single'])
      yield write(file, value);
  for (const length of [1023, 1024, 1025, 4094, 4095, 4096, 4097, 5000, 9000])
    for (const file of ['charp', 'noarg', 'int', 'string']) yield write(file, 'z'.repeat(length));
  for (const length of [4095, 4096, 4097]) yield write('int', `${'0'.repeat(length - 1)}7`);
  for (const length of [1000, 1024]) {
    const long = 'w'.repeat(length);
    yield write('a_charp', `${long},${long},${long}`);
    yield `read a_charp 8192 0`;
  }
  for (const answer of ['0', '-1', '-2', '-5', '-11', '-22', '-28', '-517', '-4095', '-5000', '1', '7', '4096'])
    yield write('answer', answer);
  for (const value of ['cut', 'empty', 'upper', 'join', 'not found', 'fine']) yield write('scribble', value);
  for (const file of ['unsafe_int', 'unsafe_bool']) for (const value of ['1', 'x', '']) yield write(file, value);
  for (const file of ['hw_port', 'hw_ports', 'readable', 'writable', 'mine', 'none', 'hidden', 'entries', 'with-dash', 'bogus', 'freed'])
    yield write(file, '4');
  for (const kind of ['1', '2', '3', '4', '10', '4095', '4096', '4097', '-5', '-38', '-4095', '0']) {
    yield write('odd', kind);
    yield 'read odd 10 0';
    yield 'read odd 8192 1';
  }
  for (const file of ['int', 'charp', 'a_int', 'scribble', 'writable', 'say', 'none', 'hidden', 'bogus'])
    for (const [count, offset] of [
      [0, 0],
      [1, 0],
      [3, 1],
      [100, 0],
      [100, 2],
      [100, 100],
      [5000, 0],
      [10, 4096],
    ] as const)
      yield `read ${file} ${count} ${offset}`;
  for (const [file, mode] of [
    ['readable', '0644'],
    ['writable', '0600'],
    ['mine', '0400'],
    ['scribble', '0200'],
    ['int', '0'],
    ['uint', '0222'],
  ] as const) {
    yield `chmod ${file} ${mode}`;
    yield write(file, '9');
    yield `read ${file} 100 0`;
  }
  yield 'chmod int 0644';
  yield 'chmod readable 0444';
  yield write('readable', '9');
  yield 'read int 100 0';
  yield 'close';
}

// biome-ignore format: one list
const QUERIES = [
  '', ' ', '\n', '#', '# comment', 'module every +p', 'module every -p', 'module every =p', 'module every =_', 'module every +_', 'module every -_', 'module every =', 'module every +', 'module every -',
  'module every +pmflt', 'module every -mt', 'module every =lp\n', 'module every +d', 'module every +P', 'module every +pp', 'module every *p', 'module every p', 'module every', 'module', 'every', '+p+', 'module every +p extra',
  'module every =_', 'module ev* +p', 'module ?very -p', 'module *e?* +f', 'module every* -f', 'module eve +p', 'module Every +p', 'module "every" +p', "module 'every' -p", 'module "every +p', "module 'every +p", 'module "every"+p', 'module every "+p"',
  'module every func speak +p', 'func speak module every -p', 'module every func s* +p', 'module every func *s* =l', 'module every func ? +p', 'module every func "" +p', 'module every func speak func whisper +p', 'func speak func speak +p', 'module every module other +p',
  'module every file every.c +p', 'module every file *every.c -p', 'module every file /usr/src/kobox-params/every.c +m', 'module every file kobox-params/every.c +f', 'module every file *.c =_', 'module every file every +p', 'module every file every.c:speak +p', 'module every file every.c:s* +m', 'module every file every.c:*e* -m',
  'module every file every.c:?peak +t', 'module every file every.c:200-250 +l', 'module every file every.c:-230 =_', 'module every file every.c:240- +p', 'module every file every.c:230 +p', 'module every file every.c: =f', 'module every file every.c:1-x +p', 'module every file every.c:9z +p', 'module every file every.c:(x) +p',
  'module every file every.c:speak func whisper +p', 'file every.c func speak file every.c +p', 'file every.c:9 line 9 +p', 'module every =_',
  'module every line 230 +p', 'module every line 1-230 +f', 'module every line 230- +l', 'module every line -230 +m', 'module every line - +t', 'module every line 0 -t', 'module every line 0-0 =_', 'module every line 230-1 +p', 'module every line x +p', 'module every line 1-x +p', 'module every line 1-2-3 +p', 'module every line "" +p', 'module every line 0x10 +p',
  'module every line 4294967295 +p', 'module every line 4294967296 +p', 'module every line 5000000000-1 +p', 'module every line -1 +p', 'module every line 5 line 6 +p', 'module every line 0 line 0 +p', 'module every line " 5" +p', 'module every line "" line 5 +p',
  'module every format speaks +p', 'module every format ^speaks +p', 'module every format ^of +p', 'module every format of -p', 'module every format "of %s" +f', 'module every format \\x20of +l', 'module every format \\040of +m', 'module every format \\tof +t', 'module every format whispers\\tof =_', 'module every format "" +p', 'module every format ^ -p',
  "module every format '\"%s\"' +p", 'module every format %d%%\\\\ +f', 'module every format \\n +l', 'module every format \\n -l', 'module every format speak* +p', 'module every format Speaks +p', 'module every format speaks format of +p', 'module every =_',
  'class RED +p', 'class red +p', 'class PINK +p', 'class LOW +p', 'class HIGH +l', 'class L1 +p', 'class L3 +pm', 'class BLUE =p', 'class "" +p', 'class * +p', 'class RED class RED +p', 'class RED func colour_set -p', 'module every class GREEN +p', 'module every class NOPE +p', 'module every class RED =_', 'class BLUE =_', 'class PINK =_', 'class LOW =_', 'class HIGH =_', 'class L1 =_', 'class L3 =_',
  'module every func colour_set +p', 'bogus every +p', 'module every bogus', 'Module every +p', 'a b c d e f g h i', 'a b c d e f g h i j', 'module every func * file *.c line 1- +p', 'module every func * file *.c line 1- format e +p', 'module every func * file *.c line 1- format e class RED +p', 'module every =_',
  'module every +p;module every +f', 'module every -p\nmodule every -f\n', ';;;', 'module every +p; # comment', 'module every +p # comment', '# comment; module every =_', 'module every # +p', 'bogus; module every =l', 'module every =m; bogus', 'bogus x +p; +q; module every =_', 'module every "a;b" +p', "module every format ';' +p",
  '\tmodule\tevery\t+p\t', 'module\xa0every\xa0-p', 'module every\v=f\f', 'module every\0 =_', '\0', 'module \xe4 +p', 'module every func \xff +p', 'module every =_', 'module every +\xe4', 'module every ""', "''", 'module every** +p', 'module every*?* +p', 'module *every +p', 'module *ver* =_', 'module every \xe4', 'module every # func speak +p', "module every format '#' +p",
  'file nowhere.c +p', 'module nowhere +p', 'func nowhere =_', 'file init/main.c func run_init_process -p', 'file init/main.c func run_init_process +p', 'module kobject func nothing +p', 'file lib/kobject.c line 1-2 +p',
];
function* control(): Generator<string> {
  yield 'open ';
  yield 'write say before';
  for (const query of QUERIES) yield `control ${escape(query)}`;
  yield `control ${escape('x'.repeat(4094))}`;
  yield `control ${escape('x'.repeat(4095))}`;
  yield `control ${escape('x'.repeat(4096))}`;
  yield `control ${escape(`${' '.repeat(4080)}module every`)}`;
  yield `control ${escape(`${' '.repeat(4079)}module every +p`)}`;
  for (const flags of ['_', 'p', 'pm', 'pf', 'pl', 'pt', 'pmf', 'pml', 'pfl', 'pmfl', 'pmflt', 'mflt']) {
    yield `control module every =${flags}`;
    for (const name of ['RED', 'BLUE', 'L1', 'PINK', 'HIGH']) yield `control class ${name} =${flags}`;
    yield 'write say one';
    yield 'write say two\\x0a';
    yield 'write colour x';
  }
  yield 'close';
  yield 'open dyndbg="=pl"';
  yield 'write say opened';
  yield 'control module every =_';
  yield 'write say nothing';
  for (const file of ['class_bits', 'class_level', 'class_names', 'class_level_names'])
    for (const value of [
      '0',
      '1',
      '2',
      '3',
      '5',
      '7',
      '8',
      '0xff',
      '-1',
      'x',
      '',
      '1\n',
      'RED',
      '+RED',
      'CYAN',
      '+CYAN,-PINK',
      '-CYAN',
      '+CYAN,+PINK\n',
      '+NOPE',
      'LOW',
      '+MID',
      '-MID',
      '+HIGH',
      '-LOW',
      'CYAN PINK',
      ',',
      '+',
      '',
    ]) {
      yield `write ${file} ${escape(value)}`;
      if (value !== '') yield 'write colour c';
    }
  yield 'close';
  // What a module of this name was told is gone with it.
  yield 'open ';
  yield 'close';
}
/** For the end: nothing takes it back. */
function* lockdown(): Generator<string> {
  yield 'open hw_port=1';
  yield 'read /sys/kernel/security/lockdown 100 0';
  for (const value of [
    'bogus',
    '',
    'none',
    'Integrity',
    'integrity ',
    'integrity\\x0a',
    'integrity',
    'none',
    'confidentiality',
    'integrity',
    'confidentiality',
    'bogus',
  ]) {
    yield `write /sys/kernel/security/lockdown ${value}`;
    yield 'read /sys/kernel/security/lockdown 100 0';
  }
  yield 'write hw_port 5';
  yield 'write hw_ports 5,6';
  yield 'write hw_port x';
  yield 'write hw_port ';
  yield 'read hw_port 100 0';
  yield 'write unsafe_int 5';
  yield 'write int 5';
  yield 'read /sys/kernel/debug/dynamic_debug/control 10 0';
  yield 'write /sys/kernel/debug/dynamic_debug/control module every +p';
  yield 'control module every +p';
  yield 'close';
}

export function* commands(): Generator<string> {
  yield 'load ';
  for (const part of [TOKENS, ofTypes(), ofTexts(), ofArrays(), ofCallbacks(), DYNDBG])
    for (const args of part) yield `load ${escape(args)}`;
  yield* sysfs();
  yield* control();
  yield* lockdown();
}
/** For the recorder: all of them, one a line. */
if (process.argv[1] === new URL(import.meta.url).pathname) process.stdout.write([...commands()].map((command) => `${command}\n`).join(''));
