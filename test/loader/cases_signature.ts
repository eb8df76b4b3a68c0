// Signatures: Debian's own, damaged ones, foreign ones; with and without enforcement and lockdown.
import { type Built, type Case, load, type Session } from './cases.ts';
import { Edit, signed, unsigned } from './edit.ts';

export function signatureSessions(built: Built): Session[] {
  const crc7 = built('crc7.ko');
  const { content, message } = unsigned(crc7);
  const plain = built('plain.ko');
  const foreign = built('plain.signed.ko');
  const flip = (bytes: Uint8Array, at: number): Uint8Array => {
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ 1;
    return changed;
  };
  const crc = (name: string, file: Uint8Array): Case => load(name, file, '', 'crc7');
  const all: Case[] = [
    crc("Debian's own", crc7),
    crc('a byte of the module changed', flip(crc7, 0x50)),
    crc('a byte of the symbol table changed', flip(crc7, content.length - 10)),
    ...[0, 1, 4, 20, 40, message.length - 600, message.length - 520].map((at) =>
      crc(`byte ${at} of the message changed`, signed(content, flip(message, at))),
    ),
    crc('a byte of the signature changed', signed(content, flip(message, message.length - 1))),
    crc('the message cut short', signed(content, message.slice(0, 100))),
    crc('no message', signed(content, new Uint8Array(0))),
    crc('other bytes instead of the message', signed(content, new Uint8Array(200).fill(0x41))),
    crc('a signature size of more than the file', signed(content, message, {}, crc7.length * 2)),
    crc('a signature size of 2^32-1', signed(content, message, {}, 0xffff_ffff)),
    crc('a signature size of one less', signed(content, message, {}, message.length - 1)),
    ...[0, 1, 3].map((type) => crc(`id_type ${type}`, signed(content, message, { 2: type }))),
    ...[0, 1, 3, 4, 5, 7].map((at) => crc(`byte ${at} of the trailer set`, signed(content, message, { [at]: 1 }))),
    crc('signed twice', signed(crc7, message)),
    crc('without its signature', content),
    crc('the mark alone', new Uint8Array([...content, ...new TextEncoder().encode('~Module signature appended~\n')])),
    crc('half a mark', crc7.slice(0, crc7.length - 3)),
    crc('a byte behind the mark', new Uint8Array([...crc7, 0])),
    load("another module's signature", signed(plain, message)),
    load('a key that the kernel does not know', foreign),
    load('a key that it does not know, and a byte changed', flip(foreign, 0x50)),
    {
      name: 'only the mark',
      files: { 'case.ko': new TextEncoder().encode('~Module signature appended~\n') },
      script: "sys 'finit 0 r case.ko'",
    },
    { name: 'a mark and a trailer', files: { 'case.ko': signed(new Uint8Array(0), new Uint8Array(0)) }, script: "sys 'finit 0 r case.ko'" },
    {
      name: 'a signature and nothing else',
      files: { 'case.ko': signed(new Uint8Array(0), message) },
      script: "sys 'init case.ko' 'finit 0 r case.ko'",
    },
    { name: 'ignoring versions', files: { 'case.ko': crc7 }, script: "sys 'finit 1 r case.ko'\nlook\nsys 'delete 0 crc7'" },
  ];
  const few = (names: readonly string[]): Case[] => all.filter(({ name }) => names.includes(name));
  const some = [
    "Debian's own",
    'a byte of the module changed',
    'id_type 1',
    'without its signature',
    "another module's signature",
    'a key that the kernel does not know',
    'ignoring versions',
    'byte 1 of the trailer set',
  ];
  const parameter = '/sys/module/module/parameters/sig_enforce';
  return [
    { name: 'signatures', cases: all },
    {
      name: 'sig-enforce',
      cmdline: 'module.sig_enforce=1',
      cases: [
        {
          name: 'the parameter',
          script: `cat ${parameter}\nls -l ${parameter} | cut -c1-10\necho 0 2> /dev/null > ${parameter} || echo refused\ncat ${parameter}\nlook`,
        },
        ...few(some),
        load('unsigned', plain),
        load('damaged', new Edit(plain).header('type', 2).bytes),
      ],
    },
    {
      name: 'sig-enforce-later',
      cases: [
        { name: 'off', script: `cat ${parameter}` },
        load('unsigned', plain),
        { name: 'on', script: `echo 1 > ${parameter}\ncat ${parameter}` },
        load('unsigned, enforced', plain),
        crc("Debian's own", crc7),
      ],
    },
    { name: 'lockdown', cmdline: 'lockdown=integrity', cases: [...few(some), load('unsigned', plain)] },
  ];
}
