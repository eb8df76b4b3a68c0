export { NoFunction } from './disassemble.ts';
export { type InspectOptions, inspect, type ModuleReport, PARTS, type Part, SUMMARY } from './report.ts';
export { inspectText } from './text.ts';
export { ModuleTree, type TreeFile } from './tree.ts';
