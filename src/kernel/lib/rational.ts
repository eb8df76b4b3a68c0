// The best fraction within bounds, by continued fractions. Source: lib/math/rational.c.
import { type KernelApi, kernelApi, kfunc, nothing, ulong, voidPtr } from '../api/index.ts';

const LARGEST = (1n << 64n) - 1n;
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The fraction next to numerator / denominator whose parts are within the bounds. */
function best(numerator: bigint, denominator: bigint, mostN: bigint, mostD: bigint): [bigint, bigint] {
  let [n, d] = [numerator, denominator];
  let [n0, d0, n1, d1] = [0n, 1n, 1n, 0n];
  while (d !== 0n) {
    const part = n / d;
    const rest = n % d;
    const [n2, d2] = [n0 + part * n1, d0 + part * d1];
    if (n2 > mostN || d2 > mostD) {
      // A semiconvergent is better when it takes more than half of the part.
      let t = d1 === 0n ? LARGEST : (mostD - d0) / d1;
      if (n1 !== 0n) t = smaller(t, (mostN - n0) / n1);
      const takes = d1 === 0n || 2n * t > part || (2n * t === part && d0 * d > d1 * rest);
      return takes ? [n0 + t * n1, d0 + t * d1] : [n1, d1];
    }
    [n, d] = [d, rest];
    [n0, d0, n1, d1] = [n1, d1, n2, d2];
  }
  return [n1, d1];
}
export const rationalApi: KernelApi = kernelApi('lib/math/rational.c', {
  rational_best_approximation: kfunc(
    {
      given_numerator: ulong,
      given_denominator: ulong,
      max_numerator: ulong,
      max_denominator: ulong,
      best_numerator: voidPtr,
      best_denominator: voidPtr,
    },
    nothing,
    (k, { given_numerator, given_denominator, max_numerator, max_denominator, best_numerator, best_denominator }) => {
      const [n, d] = best(given_numerator, given_denominator, max_numerator, max_denominator);
      k.memory.setU64(best_numerator, n);
      k.memory.setU64(best_denominator, d);
    },
  ),
});
