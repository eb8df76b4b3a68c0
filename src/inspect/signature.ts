// The appended signature: its trailer (struct module_signature) and the PKCS#7 message. Source: include/linux/module_signature.h.
import { checkSignature, type KernelDescription } from '#kernel';
import { type SignatureTrailer, signatureOf, signatureTrailer } from '#kmod';
import type { ModuleFile } from './module_file.ts';

export interface SignatureReport {
  readonly trailer: SignatureTrailer;
  /** Undefined when the message cannot be read. */
  readonly message:
    | {
        readonly signer: string;
        readonly issuer: string;
        /** Hexadecimal. */
        readonly serial: string;
        readonly hash: string;
        readonly algorithm: string;
        /** Bytes of the signature itself. */
        readonly size: number;
      }
    | undefined;
  /** Whether a key signed it that is in the kernel's image; false also when that kernel's keys are not known. */
  readonly verified: boolean;
}
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Whether the kernel takes the module as signed. */
export function isVerified({ bytes }: ModuleFile, { certificates }: KernelDescription): boolean {
  const checked = checkSignature(
    bytes,
    () => certificates,
    false,
    () => {},
  );
  return !('check' in checked) && checked.outcome === 0;
}
/** Undefined when nothing is appended. */
export function signatureReport(file: ModuleFile, kernel: KernelDescription): SignatureReport | undefined {
  const trailer = signatureTrailer(file.bytes);
  if (trailer === undefined) return undefined;
  const signature = signatureOf(file.bytes);
  if (signature === undefined) file.problems.push('the signature is no PKCS#7 message that can be read');
  return {
    trailer,
    message: signature && {
      signer: signature.signer,
      issuer: signature.issuer,
      serial: hex(signature.key),
      hash: signature.hash,
      algorithm: signature.algorithm,
      size: signature.bytes.length,
    },
    verified: isVerified(file, kernel),
  };
}
