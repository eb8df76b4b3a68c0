// Everything of a module file that can be seen without running it. The shape of `kobox inspect --json`.
import type { KernelDescription } from '#kernel';
import { type DisassemblyReport, disassembly } from './disassemble.ts';
import { exportsOf } from './exports.ts';
import { type ImportReport, importReports } from './imports.ts';
import type { Bases } from './module_file.ts';
import { ModuleFile } from './module_file.ts';
import { type ParameterReport, parameterReports } from './parameters.ts';
import { type RelocationReport, relocationReports } from './relocations.ts';
import { type AreaReport, areaReports, hexAddress, type SectionReport, sectionReports } from './sections.ts';
import { type SignatureReport, signatureReport } from './signature.ts';
import { type StructReport, structReport } from './struct.ts';
import { type SymbolReport, symbolReports } from './symbols.ts';
import { ownTaints } from './taints.ts';
import type { ModuleTree } from './tree.ts';

/** Parts of a report, in the order in which they are shown. */
export const PARTS = ['sections', 'symbols', 'imports', 'exports', 'relocations', 'parameters', 'aliases', 'signature', 'struct'] as const;
export type Part = (typeof PARTS)[number];
/** Those that are short enough to be shown unasked. */
export const SUMMARY: readonly Part[] = ['sections', 'imports', 'exports', 'parameters', 'signature'];

export interface ExportReport {
  readonly name: string;
  readonly gpl: boolean;
  readonly namespace: string;
  readonly crc: number | undefined;
  /** Hexadecimal; undefined when its section is not loaded. */
  readonly address: string | undefined;
}
/** A part that was not asked for is undefined, and absent from the JSON. */
export interface ModuleReport {
  /** 2 for a change that breaks readers of 1. */
  readonly version: 1;
  readonly file: { readonly bytes: number; readonly elfBytes: number | undefined };
  /** Release of the kernel that it was compared with. */
  readonly kernel: string;
  readonly name: string | undefined;
  readonly vermagic: string | undefined;
  /** .modinfo, in order. */
  readonly modinfo: readonly { readonly tag: string; readonly value: string }[];
  /** Mask of the taints that it has of itself (Documentation/admin-guide/tainted-kernels.rst). */
  readonly taints: number;
  /** The memory that it will take; undefined when it cannot be laid out. */
  readonly memory: { readonly core: AreaReport; readonly init: AreaReport } | undefined;
  readonly sections: readonly SectionReport[] | undefined;
  readonly symbols: readonly SymbolReport[] | undefined;
  readonly imports: readonly ImportReport[] | undefined;
  readonly exports: readonly ExportReport[] | undefined;
  readonly relocations: readonly RelocationReport[] | undefined;
  readonly parameters: readonly ParameterReport[] | undefined;
  readonly aliases: readonly string[] | undefined;
  /** null: it has none. */
  readonly signature: SignatureReport | null | undefined;
  readonly struct: StructReport | undefined;
  readonly disassembly: DisassemblyReport | undefined;
  /** What is broken in the file. */
  readonly problems: readonly string[];
}
export interface InspectOptions {
  readonly kernel: KernelDescription;
  readonly parts: readonly Part[];
  readonly tree?: ModuleTree | undefined;
  /** Lists every relocation. */
  readonly allRelocations?: boolean;
  /** A function to disassemble. */
  readonly disassemble?: string | undefined;
  readonly at?: Bases | undefined;
}

/** @throws NoFunction when the function to disassemble is not there. */
export function inspect(bytes: Uint8Array, options: InspectOptions): ModuleReport {
  const { kernel, parts, tree } = options;
  const file = new ModuleFile(bytes, options.at);
  const part = <T>(name: Part, make: () => T): T | undefined => (parts.includes(name) ? make() : undefined);
  return {
    version: 1,
    file: { bytes: bytes.length, elfBytes: file.elf?.bytes.length },
    kernel: kernel.release,
    name: file.name,
    vermagic: file.tag('vermagic'),
    modinfo: file.modinfo,
    taints: ownTaints(file, kernel),
    memory: areaReports(file),
    sections: part('sections', () => sectionReports(file)),
    symbols: part('symbols', () => symbolReports(file)),
    imports: part('imports', () => importReports(file, kernel, tree)),
    exports: part('exports', () => exportReports(file)),
    relocations: part('relocations', () => relocationReports(file, options.allRelocations === true)),
    parameters: part('parameters', () => parameterReports(file)),
    aliases: part('aliases', () => file.tags('alias')),
    signature: part('signature', () => signatureReport(file, kernel) ?? null),
    struct: part('struct', () => structReport(file, kernel, tree)),
    disassembly: options.disassemble === undefined ? undefined : disassembly(file, options.disassemble),
    // The parts have found what is broken: they come first.
    problems: file.problems,
  };
}
function exportReports(file: ModuleFile): ExportReport[] {
  return exportsOf(file).map(({ name, gpl, namespace, crc, section, value }) => {
    const base = section === undefined ? undefined : file.addressOf(section);
    return { name, gpl, namespace, crc, address: base === undefined ? undefined : hexAddress(base + value) };
  });
}
