// Compressed module files for finit_module(MODULE_INIT_COMPRESSED_FILE). Source: kernel/module/decompress.c. No Debian kernel of 6.1
// has it: the errnos and records are the source's.
import { EINVAL } from '#abi';
import { kernelOption, type Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { settled } from '../sched/promise.ts';

interface Format {
  readonly option: string;
  readonly magic: readonly number[];
  /** What the file is not, in Linux's words. */
  readonly name: string;
  readonly unpack: (bytes: Uint8Array) => Promise<Uint8Array>;
}
const formats: readonly Format[] = [
  {
    option: kernelOption('CONFIG_MODULE_COMPRESS_GZIP'),
    magic: [0x1f, 0x8b],
    name: 'a gzip',
    unpack: async (bytes) => (await import('fflate')).gunzipSync(bytes),
  },
  { option: kernelOption('CONFIG_MODULE_COMPRESS_XZ'), magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'an xz', unpack: unXz },
  {
    option: kernelOption('CONFIG_MODULE_COMPRESS_ZSTD'),
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    name: 'a zstd',
    unpack: async (bytes) => (await import('fzstd')).decompress(bytes),
  },
];
async function unXz(bytes: Uint8Array): Promise<Uint8Array> {
  const { XzReadableStream } = await import('xz-decompress');
  const packed = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const reader = new XzReadableStream(packed).getReader();
  const chunks: Uint8Array[] = [];
  for (let next = await reader.read(); next.value !== undefined; next = await reader.read()) chunks.push(next.value);
  const unpacked = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    unpacked.set(chunk, at);
    at += chunk.length;
  }
  return unpacked;
}

/** The file inside; -EINVAL when it is not in the format that this kernel was built for, or damaged. */
export function* decompress(k: Kernel, bytes: Uint8Array): Sleeping<Uint8Array | number> {
  const format = formats.find(({ option }) => k.description.isSet(option) === true);
  if (format === undefined) return -EINVAL;
  if (format.magic.some((byte, n) => bytes[n] !== byte)) {
    k.log.print('err', `not ${format.name} compressed module`);
    return -EINVAL;
  }
  const unpacked = yield* settled(
    k,
    format.unpack(bytes).catch(() => undefined),
  );
  if (unpacked !== undefined) return unpacked;
  k.log.print('err', 'decompression failed');
  return -EINVAL;
}
