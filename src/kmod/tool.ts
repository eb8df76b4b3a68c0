// What the tools need: the kernel behind them, files, and where their words go.

/** A module as the kernel lists it. */
export interface LoadedModule {
  readonly name: string;
  readonly size: number;
  readonly refcount: number;
  readonly holders: readonly string[];
}
/** The kernel and its file system. A failing call gives -errno. */
export interface ToolKernel {
  readonly release: string;
  loaded(): Promise<readonly LoadedModule[]>;
  insert(image: Uint8Array, parameters: string): Promise<number>;
  remove(name: string, flags: number): Promise<number>;
  /** The whole file, or -errno. */
  readFile(path: string): Promise<Uint8Array | number>;
  realpath(path: string): Promise<string | undefined>;
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
