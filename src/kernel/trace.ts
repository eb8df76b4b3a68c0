// Trace events that modules define. Source: kernel/trace/trace_events.c, trace_output.c, trace_event_perf.c. Tracepoints are
// static branches that stay off: the functions below are addresses in a module's tables, which only an enabled event calls.
import {
  bool,
  cstring,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  nothing,
  partial,
  pointer,
  size_t,
  u64,
  uint,
  ulongAddr,
  variadic,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';

const NOTE = 'events cannot be enabled yet, so nothing calls it; a call is reported as a bug';
/** What must not be reached while no event can be enabled. */
const unreachable = (k: Kernel): never => k.exceptions.bug('kernel/trace/trace_events.c', 0);
const seq = pointer('struct trace_seq *');

/** bpf_trace_runN(prog, arg0, ..., argN-1). */
const bpfRuns: Readonly<Record<string, KernelSymbol>> = Object.fromEntries(
  Array.from({ length: 12 }, (_, n) => {
    const args = Object.fromEntries(Array.from({ length: n + 1 }, (__, index) => [`arg${index}`, u64]));
    return [`bpf_trace_run${n + 1}`, partial(NOTE, kfunc({ prog: voidPtr, ...args }, nothing, unreachable))];
  }),
);
export const traceEventsApi: KernelApi = kernelApi('kernel/trace/trace_events.c', {
  ...bpfRuns,
  trace_event_raw_init: partial(NOTE, kfunc({ call: voidPtr }, int, unreachable)),
  trace_event_reg: partial(NOTE, kfunc({ call: voidPtr, type: uint, data: voidPtr }, int, unreachable)),
  trace_event_buffer_reserve: partial(NOTE, kfunc({ fbuffer: voidPtr, trace_file: voidPtr, len: ulongAddr }, voidPtr, unreachable)),
  trace_event_buffer_commit: partial(NOTE, kfunc({ fbuffer: voidPtr }, nothing, unreachable)),
  __trace_trigger_soft_disabled: partial(NOTE, kfunc({ file: voidPtr }, bool, unreachable)),
  perf_trace_buf_alloc: partial(NOTE, kfunc({ size: int, regs: voidPtr, rctxp: voidPtr }, voidPtr, unreachable)),
  perf_trace_run_bpf_submit: partial(
    NOTE,
    kfunc(
      { raw_data: voidPtr, size: int, rctx: int, call: voidPtr, count: u64, regs: voidPtr, head: voidPtr, task: voidPtr },
      nothing,
      unreachable,
    ),
  ),
  trace_handle_return: partial(NOTE, kfunc({ s: seq }, uint, unreachable)),
  trace_raw_output_prep: partial(NOTE, kfunc({ iter: voidPtr, trace_event: voidPtr }, int, unreachable)),
  trace_event_printf: partial(NOTE, variadic({ iter: voidPtr, fmt: cstring }, nothing, unreachable)),
  trace_output_call: partial(NOTE, variadic({ iter: voidPtr, name: voidPtr, fmt: cstring }, int, unreachable)),
  trace_print_flags_seq: partial(NOTE, kfunc({ p: seq, delim: cstring, flags: ulongAddr, flag_array: voidPtr }, voidPtr, unreachable)),
  trace_print_symbols_seq: partial(NOTE, kfunc({ p: seq, val: ulongAddr, symbol_array: voidPtr }, voidPtr, unreachable)),
  trace_print_hex_seq: partial(NOTE, kfunc({ p: seq, buf: voidPtr, buf_len: int, concatenate: bool }, voidPtr, unreachable)),
  trace_print_array_seq: partial(NOTE, kfunc({ p: seq, buf: voidPtr, count: int, el_size: size_t }, voidPtr, unreachable)),
  trace_print_bitmask_seq: partial(NOTE, kfunc({ p: seq, bitmask_ptr: voidPtr, bitmask_size: uint }, voidPtr, unreachable)),
});
