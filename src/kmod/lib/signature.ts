// The signature behind a module file, as modinfo shows it. Source: include/linux/module_signature.h; PKCS#7 is RFC 2315, in DER.

const MARKER = '~Module signature appended~\n';
const HEADER_SIZE = 12;
const PKEY_ID_PKCS7 = 2;
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 2;
const OCTET_STRING = 4;
const OBJECT_IDENTIFIER = 6;
const COMMON_NAME = '550403';
/** Attributes of a distinguished name (RFC 4519, PKCS#9), by object identifier. */
const attributes: Readonly<Record<string, string>> = {
  [COMMON_NAME]: 'CN',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
  '2a864886f70d010901': 'emailAddress',
};
const algorithms: Readonly<Record<string, string>> = {
  '2a864886f70d010101': 'rsaEncryption',
  '2a864886f70d01010b': 'sha256WithRSAEncryption',
  '2a864886f70d01010d': 'sha512WithRSAEncryption',
  '2a8648ce3d040302': 'ecdsa-with-SHA256',
  '2a8648ce3d040304': 'ecdsa-with-SHA512',
};
const hashes: Readonly<Record<string, string>> = {
  '2b0e03021a': 'sha1',
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};
export interface Signature {
  readonly signer: string;
  /** Serial number of the signer's certificate. */
  readonly key: Uint8Array;
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** The signer's distinguished name: 'O=..., CN=...'. */
  readonly issuer: string;
  /** 'rsaEncryption', or an object identifier in hexadecimal. */
  readonly algorithm: string;
}
/** `struct module_signature`, which stands before the marker. */
export interface SignatureTrailer {
  readonly algo: number;
  readonly hash: number;
  readonly id_type: number;
  readonly signer_len: number;
  readonly key_id_len: number;
  readonly pad: readonly number[];
  readonly sig_len: number;
  /** Byte offset in the file. */
  readonly offset: number;
}
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}
/** The elements that stand one after another in DER bytes. Stops where they make no sense. */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes[at] as number;
    let length = bytes[at + 1] as number;
    let start = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      length = 0;
      for (let n = 0; n < count; n++) length = length * 256 + (bytes[start + n] ?? 0);
      start += count;
    }
    if (start + length > bytes.length) break;
    found.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const inner = (element: Element | undefined): Element[] => (element === undefined ? [] : elements(element.content));

/** undefined when the file does not end with the marker, or is too short to have one. */
export function signatureTrailer(file: Uint8Array): SignatureTrailer | undefined {
  const end = file.length - MARKER.length;
  const marker = file.subarray(Math.max(0, end));
  if (end < HEADER_SIZE || Array.from(marker, (byte) => String.fromCharCode(byte)).join('') !== MARKER) return undefined;
  const offset = end - HEADER_SIZE;
  const [algo = 0, hash = 0, id_type = 0, signer_len = 0, key_id_len = 0, ...pad] = file.subarray(offset, offset + 8);
  return {
    algo,
    hash,
    id_type,
    signer_len,
    key_id_len,
    pad,
    sig_len: new DataView(file.buffer, file.byteOffset + offset, HEADER_SIZE).getUint32(8),
    offset,
  };
}
/** undefined when there is none that can be read. */
export function signatureOf(file: Uint8Array): Signature | undefined {
  const trailer = signatureTrailer(file);
  if (trailer === undefined || trailer.id_type !== PKEY_ID_PKCS7 || trailer.sig_len > trailer.offset) return undefined;
  const [contentInfo] = elements(file.subarray(trailer.offset - trailer.sig_len, trailer.offset));
  const signedData = inner(inner(inner(contentInfo)[1])[0]);
  const [signerInfo] = inner(signedData.findLast(({ tag }) => tag === SET));
  const parts = inner(signerInfo);
  const [issuer, serial] = inner(parts[1]);
  // Issuer and serial number, digest algorithm, and (behind signed attributes, if any) the signature's algorithm.
  const [, digest, encryption] = parts.filter(({ tag }) => tag === SEQUENCE);
  const signature = parts.findLast(({ tag }) => tag === OCTET_STRING);
  if (serial?.tag !== INTEGER || signature === undefined) return undefined;
  return {
    signer: commonName(issuer),
    issuer: distinguishedName(issuer),
    algorithm: nameOf(encryption, algorithms),
    key: serial.content[0] === 0 ? serial.content.subarray(1) : serial.content,
    hash: hashes[hex(inner(digest)[0]?.content ?? new Uint8Array(0))] ?? 'unknown',
    bytes: signature.content,
  };
}
/** What an AlgorithmIdentifier names. */
function nameOf(element: Element | undefined, names: Readonly<Record<string, string>>): string {
  const [identifier] = inner(element);
  if (identifier?.tag !== OBJECT_IDENTIFIER) return 'unknown';
  const text = hex(identifier.content);
  return names[text] ?? text;
}
function distinguishedName(issuer: Element | undefined): string {
  return inner(issuer)
    .map((set) => {
      const [type, value] = inner(inner(set)[0]);
      const key = hex(type?.content ?? new Uint8Array(0));
      return `${attributes[key] ?? key}=${Array.from(value?.content ?? [], (byte) => String.fromCharCode(byte)).join('')}`;
    })
    .join(', ');
}
function commonName(issuer: Element | undefined): string {
  for (const set of inner(issuer)) {
    const [type, value] = inner(inner(set)[0]);
    if (type !== undefined && hex(type.content) === COMMON_NAME)
      return Array.from(value?.content ?? [], (byte) => String.fromCharCode(byte)).join('');
  }
  return '';
}
/** 'AB:CD:...', 20 bytes a line. */
export function hexLines(bytes: Uint8Array): string {
  const LINE = 20;
  const pairs = Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
  const rows: string[] = [];
  for (let at = 0; at < pairs.length; at += LINE) rows.push(pairs.slice(at, at + LINE).join(':'));
  return rows.join(':\n\t\t');
}
