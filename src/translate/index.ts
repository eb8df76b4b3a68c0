// x86-64 machine code to WebAssembly: decode, control flow, lift, passes, structure, emit; and the driver that runs it.
export { type IcedModule, iced, setIcedLoader } from './decode/iced.ts';
export type { CheckMode, FunctionRange, Layout, Stop, TranslatorHost, TranslatorIo, TranslatorOptions } from './host.ts';
export { Translator, type TranslatorStatistics } from './translator.ts';
