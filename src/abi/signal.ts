// Signals of x86-64 (include/uapi/asm/signal.h), with what a shell says of a process that one has ended (strsignal).
// biome-ignore format: one signal a row
const table: readonly (readonly [number, string, string])[] = [
  [1, 'HUP', 'Hangup'], [2, 'INT', ''], [3, 'QUIT', 'Quit'], [4, 'ILL', 'Illegal instruction'], [5, 'TRAP', 'Trace/breakpoint trap'],
  [6, 'ABRT', 'Aborted'], [7, 'BUS', 'Bus error'], [8, 'FPE', 'Floating point exception'], [9, 'KILL', 'Killed'],
  [10, 'USR1', 'User defined signal 1'], [11, 'SEGV', 'Segmentation fault'], [12, 'USR2', 'User defined signal 2'], [13, 'PIPE', 'Broken pipe'],
  [14, 'ALRM', 'Alarm clock'], [15, 'TERM', 'Terminated'], [16, 'STKFLT', 'Stack fault'], [17, 'CHLD', 'Child exited'], [18, 'CONT', 'Continued'],
  [19, 'STOP', 'Stopped (signal)'], [20, 'TSTP', 'Stopped'], [21, 'TTIN', 'Stopped (tty input)'], [22, 'TTOU', 'Stopped (tty output)'],
  [23, 'URG', 'Urgent I/O condition'], [24, 'XCPU', 'CPU time limit exceeded'], [25, 'XFSZ', 'File size limit exceeded'],
  [26, 'VTALRM', 'Virtual timer expired'], [27, 'PROF', 'Profiling timer expired'], [28, 'WINCH', 'Window changed'],
  [29, 'IO', 'I/O possible'], [30, 'PWR', 'Power failure'], [31, 'SYS', 'Bad system call'],
];
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGKILL = 9;
export const SIGPIPE = 13;
export const SIGTERM = 15;
const byName = new Map(table.map(([number, name]) => [name, number]));
const texts = new Map(table.map(([number, , text]) => [number, text]));

/** Signals whose default action is not the end of the process: CHLD, CONT, the stopping ones, URG, WINCH. */
const HARMLESS: ReadonlySet<number> = new Set([17, 18, 19, 20, 21, 22, 23, 28]);
export const endsProcess = (signal: number): boolean => !HARMLESS.has(signal);
export const signalText = (signal: number): string => texts.get(signal) ?? `Unknown signal ${signal}`;
/** Of '9', 'KILL' or 'SIGKILL'. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 64 ? Number(text) : undefined;
  return byName.get(text.toUpperCase().replace(/^SIG/, ''));
}
export const signalNames: readonly (readonly [number, string])[] = table.map(([number, name]) => [number, name]);
