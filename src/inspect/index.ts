export { Checker, type CheckOptions, type CheckReport } from './check/checker.ts';
export { checkText } from './check/text.ts';
export { NoFunction } from './disassemble.ts';
export { type InspectOptions, inspect, type ModuleReport, PARTS, type Part, SUMMARY } from './report.ts';
export { inspectText } from './text.ts';
export { ModuleTree, type TreeFile, type TreeModule } from './tree.ts';
