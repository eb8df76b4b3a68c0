// Parameters: struct kernel_param in the section __param, and what .modinfo says of them. Source: include/linux/moduleparam.h.
import { parameterTexts } from '#kmod';
import type { ModuleFile, Target } from './module_file.ts';
import { symbolName } from './symbols.ts';

/** struct kernel_param: 40 bytes; name 0, ops 16, perm 24 (u16), level 26 (s8), flags 27 (u8), arg 32. */
const ENTRY = 40;
const UNSAFE = 1;
const HWPARAM = 2;
/** sizeof(struct kparam_array), sizeof(struct kparam_string). */
const PARAM_ARRAY = 32;
const PARAM_STRING = 16;
const OPS = 'param_ops_';

export interface ParameterArray {
  /** How many values it takes. */
  readonly max: number;
  readonly elementSize: number;
  /** The ops of one element. */
  readonly ops: string;
}
export interface ParameterReport {
  readonly name: string;
  /** As the module's author wrote it (MODULE_PARM_TYPE), or what the ops say. */
  readonly type: string;
  /** The symbol of struct kernel_param_ops: 'param_ops_int'. */
  readonly ops: string;
  /** Of its file in sysfs; 0 means that there is none. */
  readonly permissions: number;
  readonly unsafe: boolean;
  readonly hardware: boolean;
  readonly description: string | undefined;
  readonly array: ParameterArray | undefined;
  /** Bytes of the buffer of a module_param_string(). */
  readonly maxlen: number | undefined;
}
export function parameterReports(file: ModuleFile): ParameterReport[] {
  const table = file.section('__param');
  if (table === undefined) return [];
  const bytes = file.contents(table);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const targets = file.targets(table);
  const texts = new Map(parameterTexts(file.modinfo).map((text) => [text.name, text]));
  return Array.from({ length: Math.floor(bytes.length / ENTRY) }, (_, n) => {
    const at = n * ENTRY;
    const name = file.stringAt(targets.get(at)) ?? '';
    if (name === '') file.problems.push(`entry ${n} of __param has no name`);
    const ops = opsName(file, targets.get(at + 16));
    const arg = targets.get(at + 32);
    const text = texts.get(name);
    const array = ops === 'param_array_ops' ? arrayOf(file, arg) : undefined;
    const flags = view.getUint8(at + 27);
    return {
      name,
      type: text?.type ?? (array === undefined ? typeOf(ops) : `array of ${typeOf(array.ops)}`),
      ops,
      permissions: view.getUint16(at + 24, true),
      unsafe: (flags & UNSAFE) !== 0,
      hardware: (flags & HWPARAM) !== 0,
      description: text?.text,
      array,
      maxlen: ops === 'param_ops_string' ? structAt(file, arg, PARAM_STRING)?.view.getUint32(0, true) : undefined,
    };
  });
}
const opsName = (file: ModuleFile, target: Target | undefined): string => (target === undefined ? '' : symbolName(file, target.symbol));
/** Ops of the module's own say nothing of the type. */
const typeOf = (ops: string): string => (ops.startsWith(OPS) ? ops.slice(OPS.length) : 'custom');
/** What an `arg` points to, in the file. */
function structAt(
  file: ModuleFile,
  arg: Target | undefined,
  size: number,
): { view: DataView; section: number; offset: number } | undefined {
  const section = arg && file.elf?.sections[arg.symbol.section];
  if (arg === undefined || section === undefined) return undefined;
  const offset = Number(arg.symbol.value) + arg.addend;
  const bytes = file.contents(section).subarray(offset);
  return bytes.length < size
    ? undefined
    : { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), section: section.index, offset };
}
/** struct kparam_array: max 0 (u32), elemsize 4 (u32), num 8, ops 16, elem 24. */
function arrayOf(file: ModuleFile, arg: Target | undefined): ParameterArray | undefined {
  const found = structAt(file, arg, PARAM_ARRAY);
  const section = found && file.elf?.sections[found.section];
  if (found === undefined || section === undefined) return undefined;
  return {
    max: found.view.getUint32(0, true),
    elementSize: found.view.getUint32(4, true),
    ops: opsName(file, file.targets(section).get(found.offset + 16)),
  };
}
