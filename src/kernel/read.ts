// Reading files to their end, through system calls.
import { O_RDONLY } from '#abi';
import type { OrErrno, Process } from './syscalls.ts';

/** What one read(2) asks for. */
export const READ_SIZE = 65536;

/** Reads until there is nothing more; the first -errno otherwise. */
export async function readToEnd(read: (count: number) => Promise<OrErrno<Uint8Array>>): Promise<OrErrno<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await read(READ_SIZE);
    if (typeof chunk === 'number') return chunk;
    if (chunk.length === 0) return concatenate(chunks);
    chunks.push(chunk);
  }
}
/** All bytes of a file, or -errno. */
export async function readFile(process: Process, path: string): Promise<OrErrno<Uint8Array>> {
  const fd = await process.open(path, O_RDONLY);
  if (fd < 0) return fd;
  try {
    return await readToEnd((count) => process.read(fd, count));
  } finally {
    await process.close(fd);
  }
}
export function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
