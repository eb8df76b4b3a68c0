// Rows for what this machine does not have: the answer is Linux's on a machine without it.
import { type KernelSymbol, kfunc, partial } from './kfunc.ts';
import type { CType } from './types.ts';

// biome-ignore lint/suspicious/noExplicitAny: a parameter list holds types of any value
type Params = Readonly<Record<string, CType<any>>>;

/** Makes rows that take their arguments and give `value`; the note says what is not there. */
export const absent =
  (note: string) =>
  <R>(params: Params, returns: CType<R>, value?: NoInfer<R>): KernelSymbol =>
    partial(
      note,
      kfunc(params, returns, () => value as NoInfer<R>),
    );
