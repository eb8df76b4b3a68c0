// The signature behind a module file, as modinfo shows it. Source: include/linux/module_signature.h; PKCS#7 is RFC 2315, in DER.

const MARKER = '~Module signature appended~\n';
const HEADER_SIZE = 12;
const PKEY_ID_PKCS7 = 2;
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 2;
const OCTET_STRING = 4;
const COMMON_NAME = '550403';
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

/** undefined when there is none that can be read. */
export function signatureOf(file: Uint8Array): Signature | undefined {
  const end = file.length - MARKER.length;
  const marker = file.subarray(Math.max(0, end));
  if (end < HEADER_SIZE || Array.from(marker, (byte) => String.fromCharCode(byte)).join('') !== MARKER) return undefined;
  const header = new DataView(file.buffer, file.byteOffset + end - HEADER_SIZE, HEADER_SIZE);
  const length = header.getUint32(8);
  if (header.getUint8(2) !== PKEY_ID_PKCS7 || length > end - HEADER_SIZE) return undefined;
  const [contentInfo] = elements(file.subarray(end - HEADER_SIZE - length, end - HEADER_SIZE));
  const signedData = inner(inner(inner(contentInfo)[1])[0]);
  const [signerInfo] = inner(signedData.findLast(({ tag }) => tag === SET));
  const parts = inner(signerInfo);
  const [issuer, serial] = inner(parts[1]);
  const algorithm = parts.filter(({ tag }) => tag === SEQUENCE)[1];
  const signature = parts.findLast(({ tag }) => tag === OCTET_STRING);
  if (serial?.tag !== INTEGER || signature === undefined) return undefined;
  return {
    signer: commonName(issuer),
    key: serial.content[0] === 0 ? serial.content.subarray(1) : serial.content,
    hash: hashes[hex(inner(algorithm)[0]?.content ?? new Uint8Array(0))] ?? 'unknown',
    bytes: signature.content,
  };
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
