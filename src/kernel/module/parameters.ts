// Module parameters: the argument string and struct kernel_param. Source: kernel/params.c, linux-modules.md 6.
import { EINVAL, ENOENT, ENOSPC, EPERM } from '#abi';
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { nextArgument, skipSpaces } from '../lib/cmdline.ts';
import { Dyndbg } from '../lib/dynamic_debug.ts';
import { parseBool } from '../lib/kstrtox.ts';
import { mutexLock, mutexUnlock } from '../locking/mutex.ts';
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from '../mm/layout.ts';
import { LOCKDOWN, Lockdown } from '../security/lockdown.ts';
import type { InitWay } from '../syscalls.ts';
import { TAINT } from '../taint.ts';
import { KernelParam, type KernelParameter, KernelParamOps } from './kernel_param.ts';
import { type Module, ModuleStruct } from './module.ts';
import { type LoadReason, reason } from './reasons.ts';
import { ModuleSettings } from './settings.ts';

const KERNEL_PARAM_FL_UNSAFE = 1;
const KERNEL_PARAM_FL_HWPARAM = 2;
const KERNEL_PARAM_OPS_FL_NOARG = 1;
const MAX_ERRNO = 4095;
const NULL = 0;

const sameName = (a: string, b: string): boolean => a.replaceAll('-', '_') === b.replaceAll('-', '_');

/** Whether it may be set: hardware parameters not when the kernel is locked down. Unsafe ones taint. */
function checkUnsafe(k: Kernel, param: { readonly flags: number; readonly name: Addr }): boolean {
  if ((param.flags & KERNEL_PARAM_FL_HWPARAM) !== 0 && k.get(Lockdown).locked(LOCKDOWN.integrity, 'unsafe module parameters')) return false;
  if ((param.flags & KERNEL_PARAM_FL_UNSAFE) !== 0) {
    k.log.print('notice', `Setting dangerous option ${k.memory.cstring(param.name)} - tainting kernel`);
    k.taint.add(TAINT.USER);
  }
  return true;
}
/** Runs a parameter's set or get; one at a time of a module's. */
function* locked<T>(k: Kernel, mod: Addr, body: () => Sleeping<T>): Sleeping<T> {
  // A parameter whose entry names no module is the kernel's own.
  const lock = mod === NULL ? NULL : k.view(ModuleStruct, mod).param_lock;
  if (lock === NULL) return yield* body();
  yield* mutexLock(k, lock);
  const result = yield* body();
  mutexUnlock(k, lock);
  return result;
}
/** Calls `set` with the string at `val` (NULL: no value). Return: what set gives. */
function setParameter(k: Kernel, address: Addr, val: Addr, way: string): Sleeping<number> {
  const param = k.view(KernelParam, address);
  const { set } = k.view(KernelParamOps, param.ops);
  return locked(k, param.mod, function* () {
    return checkUnsafe(k, param) ? (yield* k.callBy(way, set, val, address)) | 0 : -EPERM;
  });
}
/** A write to the parameter's file: the string at `val` has `length` bytes. Return: what write(2) gives. */
export function* storeParameter(k: Kernel, { addr }: KernelParameter, val: Addr, length: number): Sleeping<number> {
  if (k.view(KernelParamOps, k.view(KernelParam, addr).ops).set === NULL) return -EPERM;
  return (yield* setParameter(k, addr, val, 'param.set')) || length;
}
/** A read of the parameter's file: its text goes to the page at `buffer`. Return: its length. */
export function* showParameter(k: Kernel, { addr }: KernelParameter, buffer: Addr): Sleeping<number> {
  const param = k.view(KernelParam, addr);
  const { get } = k.view(KernelParamOps, param.ops);
  if (get === NULL) return -EPERM;
  return yield* locked(k, param.mod, function* () {
    return (yield* k.callBy('param.get', get, buffer, addr)) | 0;
  });
}
/** Gives back what the parameters of a module hold. */
export function* destroyParameters(k: Kernel, module: Module): Sleeping<void> {
  for (const { addr } of module.parameters) {
    const { ops, arg } = k.view(KernelParam, addr);
    const { free } = k.view(KernelParamOps, ops);
    if (free !== NULL) yield* k.call(free, arg);
  }
  const struct = k.view(ModuleStruct, module.addr);
  if (struct.args !== NULL) k.slab.free(struct.args);
  struct.args = NULL;
}

/**
 * Sets all parameters of `args`. Goes on after errors, as parse_args() does; what follows `--` is not for the module.
 * @returns why the module is refused, the last error last. What a callback gives is an error from -4095 to -1 only; else it loads.
 */
export function* parseArguments(k: Kernel, module: Module, args: string, by: InitWay): Sleeping<readonly LoadReason[]> {
  const { memory } = k;
  const struct = k.view(ModuleStruct, module.addr);
  struct.args = k.cstringAlloc(args);
  struct.async_probe_requested = k.get(ModuleSettings).asyncProbe ? 1 : 0;
  let result = 0;
  const wrong: LoadReason[] = [];
  let left = skipSpaces(memory, struct.args);
  while (memory.u8(left) !== 0) {
    const { param, val, rest } = nextArgument(memory, left);
    left = rest;
    if (val === NULL && memory.cstring(param) === '--') {
      result ||= rest;
      break;
    }
    const error = yield* parseOne(k, module, param, val, by);
    if (error === 0) continue;
    result = error;
    const name = memory.cstring(param);
    const why = parameterReason(module.name, name, val === NULL ? '' : memory.cstring(val), -error, parameterType(module, name));
    if (why.record !== undefined) k.log.print(why.record.level, why.record.text);
    wrong.push(why);
  }
  if (result === 0 || (result < 0 && result >= -MAX_ERRNO)) return wrong;
  // Linux takes what is no error for the address of the rest.
  const shown = result > 0 && result < PAGE_SIZE ? '(efault)' : memory.cstring(result);
  k.log.print('warning', `${module.name}: parameters '${shown}' after \`--' ignored`);
  return [];
}
/** What parse_args() says of a value that was not taken. `type`: as the module's author wrote it, when that is known. */
export function parameterReason(user: string, name: string, value: string, errno: number, type: string | undefined): LoadReason {
  const what =
    errno === ENOENT
      ? `Unknown parameter \`${name}'`
      : errno === ENOSPC
        ? `\`${value}' too large for parameter \`${name}'`
        : `\`${value}' invalid for parameter \`${name}'`;
  return reason('parameter', errno, `${user}: ${what}`, { symbol: name, ...(type !== undefined && { expected: type }), found: value });
}
/** The type of a parameter in .modinfo. */
function parameterType({ modinfo }: Module, name: string): string | undefined {
  return modinfo.find(({ tag, value }) => tag === 'parmtype' && value.startsWith(`${name}:`))?.value.slice(name.length + 1);
}
function* parseOne(k: Kernel, module: Module, param: Addr, val: Addr, by: InitWay): Sleeping<number> {
  const name = k.memory.cstring(param);
  const parameter = module.parameters.find((candidate) => sameName(candidate.name, name));
  if (parameter === undefined) return yield* unknownParameter(k, module, param, val);
  const { flags } = k.view(KernelParamOps, k.view(KernelParam, parameter.addr).ops);
  if (val === NULL && (flags & KERNEL_PARAM_OPS_FL_NOARG) === 0) return -EINVAL;
  return yield* setParameter(k, parameter.addr, val, `param.${by}`);
}
/** What every module takes: async_probe and dyndbg. Others are only reported. */
function* unknownParameter(k: Kernel, module: Module, param: Addr, val: Addr): Sleeping<number> {
  const name = k.memory.cstring(param);
  const value = val === NULL ? undefined : k.memory.cstring(val);
  if (name === 'async_probe') {
    k.view(ModuleStruct, module.addr).async_probe_requested = (parseBool(value ?? '') ?? true) ? 1 : 0;
    return 0;
  }
  // The hook of dynamic debug takes MODULE.dyndbg apart: of what is not it, the part before the dot is left.
  const dot = name.indexOf('.');
  if (dot >= 0) k.memory.setU8(param + dot, 0);
  if (name.slice(dot + 1) === 'dyndbg') k.get(Dyndbg).execute(value ?? '+p', dot >= 0 ? name.slice(0, dot) : module.name);
  else k.log.print('warning', `${module.name}: unknown parameter '${k.memory.cstring(param)}' ignored`);
  return 0;
}
