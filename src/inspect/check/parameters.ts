// A parameter string as parse_args() would take it: names against the module's parameters, values of the standard types.
// Source: kernel/params.c.
import { EINVAL, ENOSPC, EPERM } from '#abi';
import { CommandLine, integerTypes, kstrto, type LoadReason, parameterReason, parseBool } from '#kernel';
import type { ParameterReport } from '../parameters.ts';

const MAX_CHARP = 1024;
const OPS = 'param_ops_';
/** Types whose parameters may stand without a value. */
const NO_VALUE: ReadonlySet<string> = new Set(['bool', 'bool_enable_only', 'bint']);
const plain = (name: string): string => name.replaceAll('-', '_');

export interface ParameterCheck {
  readonly reasons: readonly LoadReason[];
  /** What is worth knowing and does not stop the load. */
  readonly notes: readonly string[];
}
/** `lockedDown`: the kernel refuses parameters that could reach hardware. */
export function checkParameters(user: string, parameters: readonly ParameterReport[], text: string, lockedDown: boolean): ParameterCheck {
  const reasons: LoadReason[] = [];
  const notes: string[] = [];
  for (const { name, value } of new CommandLine(text).parameters) {
    const parameter = parameters.find((candidate) => plain(candidate.name) === name);
    if (parameter === undefined) {
      if (name !== 'async_probe' && name !== 'dyndbg') notes.push(`${user}: unknown parameter '${name}' ignored`);
      continue;
    }
    if (parameter.unsafe) notes.push(`Setting dangerous option ${parameter.name} - tainting kernel`);
    const errno = parameter.hardware && lockedDown ? EPERM : errnoOf(parameter, value);
    if (errno === undefined) notes.push(`${parameter.name}: only the module itself can say whether it takes '${value}'`);
    else if (errno !== 0) reasons.push(refusal(user, parameter, value ?? '', errno));
  }
  return { reasons, notes };
}
function refusal(user: string, { name, type, array }: ParameterReport, value: string, errno: number): LoadReason {
  // An array's text was cut at its first comma by then.
  return parameterReason(user, name, array === undefined ? value : (value.split(',')[0] ?? ''), errno, type);
}
/** 0 for a good value; undefined when the type is the module's own. */
function errnoOf({ ops, array, maxlen }: ParameterReport, value: string | undefined): number | undefined {
  if (array === undefined) return ofType(ops, value, maxlen);
  if (value === undefined) return EINVAL;
  const elements = value.split(',');
  const results = elements.slice(0, array.max).map((element) => ofType(array.ops, element, undefined));
  if (results.includes(undefined)) return undefined;
  return results.find((errno) => errno !== 0) ?? (elements.length > array.max ? EINVAL : 0);
}
function ofType(ops: string, value: string | undefined, maxlen: number | undefined): number | undefined {
  if (!ops.startsWith(OPS)) return undefined;
  const type = ops.slice(OPS.length);
  if (value === undefined) return NO_VALUE.has(type) ? 0 : EINVAL;
  const integer = integerTypes[type];
  if (integer !== undefined) {
    const result = kstrto(value, integer.bits, integer.signed);
    return typeof result === 'number' ? -result : 0;
  }
  switch (type) {
    case 'bool':
    case 'invbool':
    case 'bint':
      return parseBool(value) === undefined ? EINVAL : 0;
    case 'charp':
      return value.length > MAX_CHARP ? ENOSPC : 0;
    case 'string':
      return maxlen !== undefined && value.length + 1 > maxlen ? ENOSPC : 0;
    default:
      return undefined;
  }
}
