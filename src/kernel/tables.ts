// Every table of kernel functions. One line a Linux source file.
import type { KernelApi } from './api/index.ts';

export const kernelTables: readonly KernelApi[] = [];
