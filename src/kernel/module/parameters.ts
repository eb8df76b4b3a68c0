// Module parameters: the argument string and struct kernel_param. Source: kernel/params.c, lib/cmdline.c (next_arg).
import { EINVAL, ENOENT, ENOMEM, ENOSPC } from '#abi';
import { kernelStruct, type Sleeping, s8, u8, u16, u32, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { TAINT } from '../panic.ts';
import type { InitWay } from '../syscalls.ts';

export const KernelParam = kernelStruct('kernel_param', { name: voidPtr, ops: voidPtr, perm: u16, level: s8, flags: u8, arg: voidPtr });
export const KernelParamOps = kernelStruct('kernel_param_ops', { flags: u32, set: voidPtr, get: voidPtr, free: voidPtr });
const KERNEL_PARAM_FL_UNSAFE = 1;
const KERNEL_PARAM_OPS_FL_NOARG = 1;

export interface KernelParameter {
  readonly name: string;
  /** `struct kernel_param`. */
  readonly addr: Addr;
  /** Permissions of its file in sysfs; 0 means no file. */
  readonly perm: number;
}

/** The next parameter of an argument string. `value` is undefined without '='. */
export function nextArgument(args: string): { readonly name: string; readonly value: string | undefined; readonly rest: string } {
  let text = args;
  let quoted = false;
  if (text.startsWith('"')) {
    text = text.slice(1);
    quoted = true;
  }
  const startedQuoted = quoted;
  let equals = 0;
  let end = 0;
  for (; end < text.length; end++) {
    const letter = text[end] as string;
    if (/\s/.test(letter) && !quoted) break;
    if (equals === 0 && letter === '=') equals = end;
    if (letter === '"') quoted = !quoted;
  }
  let token = text.slice(0, end);
  const rest = text.slice(end + 1).trimStart();
  if (startedQuoted && token.endsWith('"')) token = token.slice(0, -1);
  if (equals === 0) return { name: token, value: undefined, rest };
  let value = token.slice(equals + 1);
  if (value.startsWith('"')) {
    value = value.slice(1);
    if (value.endsWith('"')) value = value.slice(0, -1);
  }
  return { name: token.slice(0, equals), value, rest };
}

const sameName = (a: string, b: string): boolean => a.replaceAll('-', '_') === b.replaceAll('-', '_');

/**
 * Sets a parameter by its ops, as a load or a write to sysfs does.
 * @returns what `set` gives, and the value as `set` left it (param_array_set cuts it at its first comma).
 */
export function* setParameter(
  k: Kernel,
  parameter: KernelParameter,
  value: string | undefined,
  way = 'param.set',
): Sleeping<{ readonly error: number; readonly left: string }> {
  const param = k.view(KernelParam, parameter.addr);
  const ops = k.view(KernelParamOps, param.ops);
  if (value === undefined && (ops.flags & KERNEL_PARAM_OPS_FL_NOARG) === 0) return { error: -EINVAL, left: '' };
  if ((param.flags & KERNEL_PARAM_FL_UNSAFE) !== 0) {
    k.log.print('notice', `Setting dangerous option ${parameter.name} - tainting kernel`);
    k.taint.add(TAINT.USER);
  }
  const buffer = value === undefined ? 0 : k.cstringAlloc(value);
  try {
    const error = (yield* k.callBy(way, ops.set, buffer, parameter.addr)) | 0;
    return { error, left: buffer === 0 ? '' : k.memory.cstring(buffer) };
  } finally {
    if (buffer !== 0) k.slab.free(buffer);
  }
}

/** The value that `get` writes, as sysfs shows it; or -errno. */
export function* getParameter(k: Kernel, parameter: KernelParameter): Sleeping<string | number> {
  const ops = k.view(KernelParamOps, k.view(KernelParam, parameter.addr).ops);
  if (ops.get === 0) return -1;
  const page = k.pages.alloc(0);
  if (page === undefined) return -ENOMEM;
  try {
    const length = (yield* k.callBy('param.get', ops.get, page, parameter.addr)) | 0;
    return length < 0 ? length : k.memory.cstring(page, length);
  } finally {
    k.pages.free(page);
  }
}

/** Lets each parameter's type free what it holds. Linux: destroy_params(). */
export function* destroyParameters(k: Kernel, parameters: readonly KernelParameter[]): Sleeping<void> {
  for (const { addr } of parameters) {
    const param = k.view(KernelParam, addr);
    const { free } = k.view(KernelParamOps, param.ops);
    if (free !== 0) yield* k.call(free, param.arg);
  }
}

/** Sets all parameters of `args`. Gives 0 or the last error; goes on after errors, as parse_args() does. */
export function* parseArguments(
  k: Kernel,
  module: string,
  parameters: readonly KernelParameter[],
  args: string,
  by: InitWay,
): Sleeping<number> {
  let result = 0;
  let left = args.trimStart();
  while (left !== '') {
    const { name, value, rest } = nextArgument(left);
    left = rest;
    if (name === '--' && value === undefined) {
      k.log.print('warning', `${module}: parameters '${rest}' after \`--' ignored`);
      return result;
    }
    const parameter = parameters.find((candidate) => sameName(candidate.name, name));
    const { error, left: shown } =
      parameter === undefined
        ? { error: unknownParameter(k, module, name), left: '' }
        : yield* setParameter(k, parameter, value, `param.${by}`);
    if (error === 0) continue;
    result = error;
    if (error === -ENOENT) k.log.print('err', `${module}: Unknown parameter \`${name}'`);
    else if (error === -ENOSPC) k.log.print('err', `${module}: \`${shown}' too large for parameter \`${name}'`);
    else k.log.print('err', `${module}: \`${shown}' invalid for parameter \`${name}'`);
  }
  return result;
}
function unknownParameter(k: Kernel, module: string, name: string): number {
  if (name === 'async_probe' || name === 'dyndbg' || name.endsWith('.dyndbg')) return 0;
  // The dyndbg hook cuts the name at its dot.
  k.log.print('warning', `${module}: unknown parameter '${name.split('.')[0] ?? ''}' ignored`);
  return 0;
}
