// Verification of a detached PKCS#7 signature (RFC 5652) by the keys that the kernel trusts. Source of the outcomes:
// certs/system_keyring.c (verify_pkcs7_signature), crypto/asymmetric_keys/pkcs7_{parser,verify,trust}.c.
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { ContentInfo, id_data, id_signedData, SignedData, type SignerInfo } from '@peculiar/asn1-cms';
import { DigestInfo, id_rsaEncryption, RSAPublicKey } from '@peculiar/asn1-rsa';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Certificate, id_ce_subjectKeyIdentifier, SubjectKeyIdentifier } from '@peculiar/asn1-x509';
import { EBADMSG, EKEYREJECTED, ENOKEY, ENOPKG } from '#abi';
import { knownOids, oidsOf } from './oids.ts';

/** Digests by the OIDs that the kernel's parser knows. */
const digests: ReadonlyMap<string, (data: Uint8Array) => Uint8Array> = new Map([
  ['1.2.840.113549.2.5', md5],
  ['1.3.14.3.2.26', sha1],
  ['2.16.840.1.101.3.4.2.4', sha224],
  ['2.16.840.1.101.3.4.2.1', sha256],
  ['2.16.840.1.101.3.4.2.2', sha384],
  ['2.16.840.1.101.3.4.2.3', sha512],
]);
/** Certificates in DER are at least 256 bytes long and so begin with these. */
const LONG_SEQUENCE = 0x3082;
const CERTIFICATE_HEADER = 4;

interface TrustedKey {
  /** Issuer and serial number, in DER. */
  readonly id: string;
  /** Subject key identifier. */
  readonly skid: string | undefined;
  /** undefined: no RSA key. */
  readonly rsa: { readonly modulus: bigint; readonly exponent: bigint; readonly bytes: number } | undefined;
}
const hex = (bytes: ArrayBuffer | Uint8Array): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
const integer = (bytes: ArrayBuffer | Uint8Array): bigint => BigInt(`0x0${hex(bytes)}`);
const identity = (issuer: object, serial: ArrayBuffer): string => `${hex(AsnConvert.serialize(issuer))} ${hex(serial)}`;

function trustedKey(der: Uint8Array): TrustedKey {
  const { tbsCertificate } = AsnConvert.parse(der, Certificate);
  const skid = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  const { algorithm, subjectPublicKey } = tbsCertificate.subjectPublicKeyInfo;
  return {
    id: identity(tbsCertificate.issuer, tbsCertificate.serialNumber),
    skid: skid === undefined ? undefined : hex(AsnConvert.parse(skid.extnValue, SubjectKeyIdentifier).buffer),
    rsa: algorithm.algorithm === id_rsaEncryption ? rsaKey(AsnConvert.parse(subjectPublicKey, RSAPublicKey)) : undefined,
  };
}
function rsaKey({ modulus, publicExponent }: RSAPublicKey): TrustedKey['rsa'] {
  const n = integer(modulus);
  return { modulus: n, exponent: integer(publicExponent), bytes: Math.ceil(n.toString(16).length / 2) };
}

/** Keys by the bytes of their certificates: a description's are parsed once. */
const keyrings = new WeakMap<Uint8Array, readonly TrustedKey[]>();
function keyring(certificates: Uint8Array): readonly TrustedKey[] {
  const known = keyrings.get(certificates);
  if (known !== undefined) return known;
  const view = new DataView(certificates.buffer, certificates.byteOffset, certificates.byteLength);
  const keys: TrustedKey[] = [];
  for (let at = 0; at + CERTIFICATE_HEADER <= certificates.length && view.getUint16(at) === LONG_SEQUENCE; ) {
    const end = at + CERTIFICATE_HEADER + view.getUint16(at + 2);
    keys.push(trustedKey(certificates.slice(at, end)));
    at = end;
  }
  keyrings.set(certificates, keys);
  return keys;
}

/** What the signer's part of a PKCS#7 message says. */
function signerOf(message: Uint8Array): { readonly data: SignedData; readonly signer: SignerInfo } | undefined {
  try {
    const info = AsnConvert.parse(message, ContentInfo);
    if (info.contentType !== id_signedData) return undefined;
    const data = AsnConvert.parse(info.content, SignedData);
    const signer = data.signerInfos[0];
    return signer === undefined ? undefined : { data, signer };
  } catch {
    return undefined;
  }
}

/** What the kernel's parser says of identifiers that it does not know, up to the one that it cannot do without. */
function sayUnknown(
  message: Uint8Array,
  unsupported: { readonly oid: string; readonly as: string } | undefined,
  say: (record: string) => void,
): void {
  for (const { offset, oid } of oidsOf(message)) {
    const number = knownOids.indexOf(oid);
    if (number < 0) say(`PKCS7: Unknown OID: [${offset}] ${oid}`);
    if (oid !== unsupported?.oid) continue;
    say(`Unsupported ${unsupported.as} algo: ${number < 0 ? knownOids.length : number}`);
    return;
  }
}

/**
 * Verifies that a trusted key signed `content`.
 * @param message the PKCS#7 message in DER; `certificates`: the trusted ones in DER, one after another; `say` prints a record.
 * @returns 0, or -EBADMSG (no PKCS#7), -ENOPKG (an algorithm that the kernel has not), -ENOKEY (a key that it does not know),
 *   -EKEYREJECTED (the signature is not that key's over these bytes).
 */
export function verifyPkcs7(content: Uint8Array, message: Uint8Array, certificates: Uint8Array, say: (record: string) => void): number {
  const parsed = signerOf(message);
  if (parsed === undefined) return -EBADMSG;
  const { data, signer } = parsed;
  const { algorithm } = signer.digestAlgorithm;
  const digest = digests.get(algorithm);
  const keyAlgorithm = signer.signatureAlgorithm.algorithm;
  const unsupported =
    digest === undefined
      ? { oid: algorithm, as: 'digest' }
      : keyAlgorithm === id_rsaEncryption
        ? undefined
        : { oid: keyAlgorithm, as: 'pkey' };
  sayUnknown(message, unsupported, say);
  if (digest === undefined || unsupported !== undefined) return -ENOPKG;
  // Detached data only; and of modules plain data, without attributes of its own under the signature.
  if (data.encapContentInfo.eContent !== undefined) return -EBADMSG;
  if (data.encapContentInfo.eContentType !== id_data || signer.signedAttrs !== undefined) return -EKEYREJECTED;
  const { issuerAndSerialNumber: named, subjectKeyIdentifier } = signer.sid;
  const id = named === undefined ? undefined : identity(named.issuer, named.serialNumber);
  const skid = subjectKeyIdentifier === undefined ? undefined : hex(subjectKeyIdentifier.buffer);
  const key = keyring(certificates).find((candidate) => (id === undefined ? candidate.skid === skid : candidate.id === id));
  if (key === undefined) return -ENOKEY;
  return isSignature(key, signer.signature.buffer, algorithm, digest(content)) ? 0 : -EKEYREJECTED;
}

/** RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): the signature's power must be the padded DigestInfo. */
function isSignature({ rsa }: TrustedKey, signature: ArrayBuffer, algorithm: string, hash: Uint8Array): boolean {
  const value = integer(signature);
  if (rsa === undefined || value >= rsa.modulus) return false;
  const info = new DigestInfo({
    digestAlgorithm: new AlgorithmIdentifier({ algorithm, parameters: null }),
    digest: new OctetString(hash),
  });
  const wanted = hex(AsnConvert.serialize(info));
  const padding = 'ff'.repeat(rsa.bytes - wanted.length / 2 - 3);
  return power(value, rsa.exponent, rsa.modulus) === BigInt(`0x0001${padding}00${wanted}`);
}
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % modulus)
    if ((left & 1n) !== 0n) result = (result * square) % modulus;
  return result;
}
