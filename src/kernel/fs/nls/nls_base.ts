// Character sets by name. Source: fs/nls/nls_base.c.
import { EBUSY, EINVAL } from '#abi';
import { int, type KernelApi, kernelApi, kfunc, pointer, uint, voidPtr } from '../../api/index.ts';
import type { Addr } from '../../memory.ts';

class NlsTables {
  readonly registered = new Set<Addr>();
}
const nls = pointer('struct nls_table *');

/** The bytes of a character. */
function utf8(code: number): number[] {
  if (code < 0x80) return [code];
  const length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  const bytes: number[] = [];
  for (let n = length - 1; n > 0; n--) bytes[n] = 0x80 | ((code >>> (6 * (length - 1 - n))) & 0x3f);
  bytes[0] = ((0xf00 >>> length) & 0xff) | (code >>> (6 * (length - 1)));
  return bytes;
}
export const nlsApi: KernelApi = kernelApi('fs/nls/nls_base.c', {
  __register_nls: kfunc({ nls, owner: voidPtr }, int, (k, { nls: table }) => {
    const { registered } = k.get(NlsTables);
    if (registered.has(table)) return -EBUSY;
    registered.add(table);
    return 0;
  }),
  /** UTF-16 to UTF-8: at most `maxout` bytes, up to a NUL. Return: bytes. */
  utf16s_to_utf8s: kfunc(
    { pwcs: voidPtr, inlen: int, endian: uint, s: voidPtr, maxout: int },
    int,
    (k, { pwcs, inlen, endian, s, maxout }) => {
      const BIG = 2;
      const unit = (n: number): number => {
        const value = k.memory.u16(pwcs + 2 * n);
        return endian === BIG ? ((value & 0xff) << 8) | (value >>> 8) : value;
      };
      let done = 0;
      for (let n = 0; n < inlen && done < maxout; n++) {
        let code = unit(n);
        if (code === 0) break;
        if ((code & 0xf800) === 0xd800) {
          // A lone surrogate is left out.
          const low = (code & 0x0400) === 0 && n + 1 < inlen ? unit(n + 1) : 0;
          if ((low & 0xfc00) !== 0xdc00) continue;
          code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
          n++;
        }
        const bytes = utf8(code);
        if (bytes.length > maxout - done) break;
        k.memory.write(s + done, Uint8Array.from(bytes));
        done += bytes.length;
      }
      return done;
    },
  ),
  unregister_nls: kfunc({ nls }, int, (k, { nls: table }) => (k.get(NlsTables).registered.delete(table) ? 0 : -EINVAL)),
});
