// What the tools need: the kernel behind them, files, and where their words go.

/** A module as the kernel lists it. */
export interface LoadedModule {
  readonly name: string;
  readonly size: number;
  readonly refcount: number;
  readonly holders: readonly string[];
}
export interface FolderEntry {
  readonly name: string;
  readonly directory: boolean;
}
/** The kernel and its file system. A failing call gives -errno. */
export interface ToolKernel {
  readonly release: string;
  loaded(): Promise<readonly LoadedModule[]>;
  /** init_module(2). */
  insert(image: Uint8Array, parameters: string): Promise<number>;
  /** Why the last insert() failed, beyond its errno, a line each; undefined: this kernel does not say. */
  explanation(): readonly string[] | undefined;
  remove(name: string, flags: number): Promise<number>;
  /** The whole file, or -errno. */
  readFile(path: string): Promise<Uint8Array | number>;
  writeFile(path: string, bytes: Uint8Array): Promise<number>;
  rename(from: string, to: string): Promise<number>;
  list(path: string): Promise<readonly FolderEntry[] | number>;
  /** Whether it is a regular file (links are followed). */
  isFile(path: string): Promise<boolean>;
  /** `path` from the working directory on, absolute; links stay. */
  absolute(path: string): string;
  /** system(3): runs a command line, with variables set; its status. */
  system(command: string, variables: ReadonlyMap<string, string>): Promise<number>;
  /** A variable of the environment. */
  variable(name: string): string | undefined;
}
export interface ToolEnvironment {
  readonly kernel: ToolKernel;
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}
export interface Tool {
  readonly name: string;
  readonly summary: string;
  /** @returns the exit status. */
  run(args: readonly string[], environment: ToolEnvironment): Promise<number>;
}

/** What `-V` prints: we are as kmod 30 of Debian 12. */
export const VERSION_LINES: readonly string[] = ['kmod version 30', '+ZSTD +XZ -ZLIB +LIBCRYPTO -EXPERIMENTAL'];
export const text = (bytes: Uint8Array): string => {
  let result = '';
  for (const byte of bytes) result += String.fromCharCode(byte);
  return result;
};
export const bytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? Uint8Array.from(content, (character) => character.charCodeAt(0)) : content;
