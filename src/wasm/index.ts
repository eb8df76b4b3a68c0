// Encoder of the WebAssembly binary format.
export { ByteWriter } from './bytes.ts';
export { type FunctionBody, ModuleBuilder } from './module.ts';
export { I32, I64, Op, type ValueType, VOID } from './opcodes.ts';
