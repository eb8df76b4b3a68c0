// A report as text: one block a part, columns like readelf's where readelf has the like.
import { moduleTaintLetters } from '#kernel';
import type { DisassemblyReport } from './disassemble.ts';
import type { ImportReport } from './imports.ts';
import type { ParameterReport } from './parameters.ts';
import type { RelocationReport } from './relocations.ts';
import { symbolPlus } from './relocations.ts';
import type { ExportReport, ModuleReport } from './report.ts';
import type { SectionReport } from './sections.ts';
import type { SignatureReport } from './signature.ts';
import type { StructReport } from './struct.ts';
import type { SymbolReport } from './symbols.ts';

/** Rows as columns, each as wide as its longest cell; columns named in `right` are numbers. */
function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  // Titles alone.
  if (rows.length === 1) return ['none'];
  const widths = (rows.at(-1) ?? []).map((_, n) => rows.reduce((width, row) => Math.max(width, row[n]?.length ?? 0), 0));
  return rows.map((row) =>
    row
      .map((cell, n) => (right.includes(n) ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
const listed = (rows: readonly (readonly string[])[]): string[] => columns([[], ...rows]).slice(1);
const hex = (value: number): string => value.toString(16);
const crcText = (crc: number | undefined): string => (crc === undefined ? '-' : `0x${crc.toString(16).padStart(8, '0')}`);

function summary(report: ModuleReport): string[] {
  const { file, name, vermagic, modinfo, memory, taints, kernel } = report;
  const value = (tag: string): string | undefined => modinfo.find((entry) => entry.tag === tag)?.value;
  const rows = [
    ['name', name],
    ['description', value('description')],
    ['license', value('license')],
    ['vermagic', vermagic],
    ['depends', value('depends')],
    ['file', `${file.bytes} bytes${file.elfBytes === undefined ? '' : `, ${file.elfBytes} of them the ELF file`}`],
    ['kernel', kernel],
    ['taints', taints === 0 ? 'none' : moduleTaintLetters(taints)],
    ...(memory === undefined
      ? []
      : (['core', 'init'] as const).map((area) => {
          const { base, size, text_size, ro_size, ro_after_init_size } = memory[area];
          return [
            area,
            `${base}, ${size} bytes: text to 0x${hex(text_size)}, read-only to 0x${hex(ro_size)}, read-only after init to 0x${hex(ro_after_init_size)}`,
          ];
        })),
  ];
  return rows.flatMap(([key, text]) => (text === undefined ? [] : [`${`${key}:`.padEnd(13)}${text}`]));
}
function sections(rows: readonly SectionReport[]): string[] {
  const head = ['Nr', 'Name', 'Type', 'Flg', 'Off', 'Size', 'Al', 'Area', 'Offset', 'Address', 'Class', 'Prot'];
  return columns(
    [
      head,
      ...rows.map(({ index, name, type, flags, offset, size, align, memory }) => [
        `${index}`,
        name,
        type,
        flags,
        hex(offset),
        hex(size),
        `${align}`,
        memory?.area ?? '-',
        memory?.offset === undefined ? '' : hex(memory.offset),
        memory?.address ?? '',
        memory?.class ?? '',
        memory?.protection ?? '',
      ]),
    ],
    [0, 4, 5, 6, 8],
  );
}
function symbols(rows: readonly SymbolReport[]): string[] {
  const head = ['Num', 'Value', 'Size', 'Type', 'Bind', 'Ndx', 'Stays', 'Address', 'Name'];
  return columns(
    [
      head,
      ...rows.map(({ index, value, size, type, binding, section, stays, address, name }) => [
        `${index}`,
        value,
        `${size}`,
        type,
        binding,
        `${section}`,
        stays ? 'yes' : '',
        address ?? '',
        name,
      ]),
    ],
    [0, 2, 5],
  );
}
function imports(rows: readonly ImportReport[]): string[] {
  const provider = ({ provider: from, weak }: ImportReport): string =>
    from === undefined ? (weak ? 'nobody (weak)' : 'nobody') : `${from.name}${from.gpl ? ' (GPL)' : ''}`;
  return columns([
    ['Name', 'Provider', 'Namespace', 'CRC wanted', 'CRC found', 'In kobox'],
    ...rows.map((row) => [
      row.name,
      provider(row),
      row.provider?.namespace ?? '',
      crcText(row.wanted),
      crcText(row.provider?.crc) + (row.provider?.crc !== undefined && row.wanted !== row.provider.crc ? ' differs' : ''),
      row.inKobox === undefined ? '' : row.inKobox ? 'yes' : 'no',
    ]),
  ]);
}
function exports(rows: readonly ExportReport[]): string[] {
  return columns([
    ['Name', 'License', 'Namespace', 'CRC', 'Address'],
    ...rows.map(({ name, gpl, namespace, crc, address }) => [name, gpl ? 'GPL' : 'any', namespace, crcText(crc), address ?? '']),
  ]);
}
function relocations(rows: readonly RelocationReport[]): string[] {
  return rows.flatMap(({ section, target, applied, count, types, refused, entries }) => [
    `${section} (${count}, for ${target}${applied ? '' : ', not loaded: not applied'}): ${Object.entries(types)
      .map(([type, each]) => `${type} ${each}${refused.includes(type) ? ' (refused)' : ''}`)
      .join(', ')}`,
    ...listed(
      (entries ?? []).map(({ offset, type, symbol, addend }) => [`  ${hex(offset).padStart(16, '0')}`, type, symbolPlus(symbol, addend)]),
    ),
  ]);
}
function parameters(rows: readonly ParameterReport[]): string[] {
  return columns([
    ['Name', 'Type', 'Mode', 'Description'],
    ...rows.map(({ name, type, permissions, unsafe, hardware, description }) => [
      name,
      type,
      permissions === 0 ? '-' : permissions.toString(8).padStart(4, '0'),
      `${description ?? ''}${unsafe ? ' [unsafe: taints]' : ''}${hardware ? ' [hardware]' : ''}`,
    ]),
  ]);
}
function signature(report: SignatureReport | null): string[] {
  if (report === null) return ['none'];
  const { trailer, message, verified } = report;
  const { algo, hash, id_type, signer_len, key_id_len, sig_len, offset } = trailer;
  return [
    `trailer:   algo ${algo}, hash ${hash}, id_type ${id_type}, signer_len ${signer_len}, key_id_len ${key_id_len}, sig_len ${sig_len} (at byte ${offset})`,
    ...(message === undefined
      ? ['message:   cannot be read']
      : [
          `signer:    ${message.signer}`,
          `issuer:    ${message.issuer}`,
          `serial:    ${message.serial}`,
          `hash:      ${message.hash}`,
          `algorithm: ${message.algorithm}, ${message.size * 8} bits`,
          `verified:  ${verified ? "by a key in the kernel's image" : "by none of the keys in the kernel's image"}`,
        ]),
  ];
}
function struct({ size, address, fields }: StructReport): string[] {
  return [
    `struct module: ${size} bytes${address === undefined ? '' : ` at ${address}`}`,
    ...columns(
      [
        ['Offset', 'Size', 'Field', 'Declaration', 'From', 'Value'],
        ...fields.map(({ offset, size: bytes, path, declaration, source, value, target }) => [
          `${offset}`,
          `${bytes}`,
          path,
          declaration,
          source,
          `${value ?? ''}${target === undefined ? '' : ` <${target}>`}`.trim(),
        ]),
      ],
      [0, 1],
    ),
  ];
}
function disassembled({ name, section, offset, size, address, instructions }: DisassemblyReport): string[] {
  const width = Math.max(0, ...instructions.map(({ bytes }) => bytes.length));
  return [
    `${hex(offset).padStart(16, '0')} <${name}>: ${size} bytes of ${section}${address === undefined ? '' : `, at ${address}`}`,
    ...instructions.flatMap(({ offset: at, bytes, text, relocations: within }) => [
      `${hex(at).padStart(6)}:  ${bytes.padEnd(width)}  ${text}`,
      ...within.map((each) => `${' '.repeat(12)}${hex(each.offset)}: ${each.type}  ${each.value}`),
    ]),
  ];
}

/** The report's parts, a title and a blank line around each; problems last. */
export function inspectText(report: ModuleReport): string {
  const blocks: [title: string, lines: readonly string[]][] = [];
  const part = <T>(title: string, value: T | undefined, show: (value: T) => string[]): void => {
    if (value !== undefined) blocks.push([title, show(value)]);
  };
  part('Sections', report.sections, sections);
  part('Symbols', report.symbols, symbols);
  part('Imports', report.imports, imports);
  part('Exports', report.exports, exports);
  part('Relocations', report.relocations, relocations);
  part('Parameters', report.parameters, parameters);
  part('Aliases', report.aliases, (aliases) => (aliases.length === 0 ? ['none'] : [...aliases]));
  part('Signature', report.signature, signature);
  part('Struct', report.struct, struct);
  part('Disassembly', report.disassembly, disassembled);
  const titled = blocks.map(([title, lines]) => [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n'));
  const problems = report.problems.length === 0 ? [] : [['Problems:', ...report.problems.map((each) => `  ${each}`)].join('\n')];
  return `${[summary(report).join('\n'), ...titled, ...problems].join('\n\n')}\n`;
}
