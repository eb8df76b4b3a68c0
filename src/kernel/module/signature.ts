// The signature behind a module file and what the kernel makes of it. Source: kernel/module/signing.c, kernel/module_signature.c.
import { EBADMSG, EKEYREJECTED, ENODATA, ENOKEY, ENOPKG, EPERM } from '#abi';
import { verifyPkcs7 } from '../certs/pkcs7.ts';
import type { LevelName } from '../printk/log.ts';
import { type LoadReason, reason } from './reasons.ts';

const MAGIC = '~Module signature appended~\n';
/** struct module_signature. */
const TRAILER = 12;
const PKEY_ID_PKCS7 = 2;

/** The parts of a module file. */
export interface SignedFile {
  /** What the loader reads: without the signature, where one was recognised. */
  readonly elf: Uint8Array;
  /** 0: a trusted key signed it. ENODATA, ENOPKG or ENOKEY: it counts as unsigned. */
  readonly outcome: number;
}
/** How the kernel calls a module that counts as unsigned. */
const unsignedText: Readonly<Record<number, string>> = {
  [ENODATA]: 'unsigned module',
  [ENOPKG]: 'module with unsupported crypto',
  [ENOKEY]: 'module with unavailable key',
};
/** Why a kernel that insists on signatures refuses a module that counts as unsigned. */
export function unsignedRefusal(outcome: number, by: 'sig_enforce' | 'lockdown'): LoadReason {
  const what = unsignedText[outcome];
  const details = { expected: "a signature by one of the kernel's keys", found: what ?? 'none' };
  return by === 'lockdown'
    ? reason('lockdown', EPERM, undefined, details)
    : reason('signature', EKEYREJECTED, `Loading of ${what} is rejected`, { level: 'notice', ...details });
}
/** Only this outcome has a record of its own although the load goes on. */
export const NOT_PKCS7 = 'module: not signed with expected PKCS#7 message';

/** Whether the file ends in the mark of a signature. */
export function isMarked(image: Uint8Array): boolean {
  const end = image.length - MAGIC.length;
  return end > 0 && [...MAGIC].every((letter, n) => image[end + n] === letter.charCodeAt(0));
}
/**
 * Splits a signature off and verifies it.
 * @param certificates the trusted ones in DER, one after another.
 * @param ignored the load is forced: Linux does not look at the signature then.
 * @param say prints what the kernel says of signatures that it does not understand.
 */
export function checkSignature(
  image: Uint8Array,
  certificates: () => Uint8Array,
  ignored: boolean,
  say: (level: LevelName, record: string) => void,
): SignedFile | LoadReason {
  if (ignored || !isMarked(image)) return { elf: image, outcome: ENODATA };
  const length = image.length - MAGIC.length;
  const trailer = length - TRAILER;
  if (trailer <= 0) return reason('signature', EBADMSG, undefined, { expected: `${TRAILER} bytes before the mark`, found: `${length}` });
  const view = new DataView(image.buffer, image.byteOffset + trailer, TRAILER);
  const size = view.getUint32(8, false);
  const where = { offset: trailer + 8 };
  if (size >= trailer)
    return reason('signature', EBADMSG, undefined, { ...where, expected: `a signature of less than ${trailer} bytes`, found: `${size}` });
  if (view.getUint8(2) !== PKEY_ID_PKCS7) {
    say('err', NOT_PKCS7);
    return { elf: image.subarray(0, length), outcome: ENOPKG };
  }
  if ([0, 1, 3, 4, 5, 6, 7].some((offset) => view.getUint8(offset) !== 0))
    return reason('signature', EBADMSG, 'module: PKCS#7 signature info has unexpected non-zero params', { offset: trailer });
  const elf = image.subarray(0, trailer - size);
  const outcome = -verifyPkcs7(elf, image.subarray(trailer - size, trailer), certificates(), (record) => say('warning', record));
  if (outcome === EBADMSG)
    return reason('signature', EBADMSG, undefined, { offset: trailer - size, expected: 'a PKCS#7 message', found: 'other bytes' });
  if (outcome === EKEYREJECTED)
    return reason('signature', EKEYREJECTED, undefined, {
      offset: trailer - size,
      expected: 'the signature of these bytes by the key that the message names',
      found: 'another',
    });
  return { elf, outcome };
}
