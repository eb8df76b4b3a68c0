// Files of /proc about the machine, as far as there is something true to say: one CPU, memory that the allocators hold,
// no PCI, no disks. Source: fs/proc/{meminfo,loadavg,cpuinfo,stat,consoles}.c.
import type { Kernel } from '../kernel.ts';
import { plainText, TextFile, type TreeDirectory } from './node.ts';

const KIB = 1024;
const NS_PER_TICK = 1e7;

function meminfo(k: Kernel): string {
  const { total, inUse } = k.pages;
  const rows: readonly (readonly [string, number])[] = [
    ['MemTotal', total],
    ['MemFree', total - inUse],
    ['MemAvailable', total - inUse],
    ['Buffers', 0],
    ['Cached', 0],
    ['SwapCached', 0],
    ['Active', 0],
    ['Inactive', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Dirty', 0],
    ['Writeback', 0],
    ['VmallocUsed', k.vmalloc.inUse],
  ];
  return rows.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / KIB)).padStart(8)} kB\n`).join('');
}
function cpuinfo(): string {
  const rows: readonly (readonly [string, string])[] = [
    ['processor\t', '0'],
    ['vendor_id\t', 'GenuineIntel'],
    ['cpu family\t', '6'],
    ['model\t\t', '0'],
    ['model name\t', 'kobox: x86-64 translated to WebAssembly'],
    ['stepping\t', '0'],
    ['cpu MHz\t\t', '2000.000'],
    ['physical id\t', '0'],
    ['siblings\t', '1'],
    ['core id\t\t', '0'],
    ['cpu cores\t', '1'],
    ['apicid\t\t', '0'],
    ['initial apicid\t', '0'],
    ['fpu\t\t', 'no'],
    ['fpu_exception\t', 'no'],
    ['cpuid level\t', '0'],
    ['wp\t\t', 'yes'],
    ['flags\t\t', 'tsc msr cx8 cmov clflush syscall nx lm constant_tsc nopl'],
    ['bugs\t\t', ''],
    ['bogomips\t', '4000.00'],
    ['clflush size\t', '64'],
    ['cache_alignment\t', '64'],
    ['address sizes\t', '32 bits physical, 48 bits virtual'],
    ['power management', ''],
  ];
  return `${rows.map(([name, value]) => (name === 'power management' ? `${name}:` : `${name}: ${value}`)).join('\n')}\n\n`;
}
function stat(k: Kernel): string {
  const ticks = Math.floor(k.clock.now / NS_PER_TICK);
  const cpu = `0 0 0 ${ticks} 0 0 0 0 0 0`;
  return (
    `cpu  ${cpu}\ncpu0 ${cpu}\nintr 0\nctxt 0\nbtime ${k.clock.bootRealtime / 1_000_000_000n}\n` +
    `processes ${k.scheduler.lastPid}\nprocs_running 1\nprocs_blocked 0\n`
  );
}
/** Installs them below /proc. */
export function procSystem(k: Kernel, proc: TreeDirectory): void {
  const text = (name: string, make: () => string, mode = 0o444): void => proc.put(name, new TextFile(mode, plainText(make)));
  text('meminfo', () => meminfo(k));
  text('cpuinfo', cpuinfo);
  text('stat', () => stat(k));
  text('loadavg', () => {
    const running = [...k.scheduler.tasks].filter((task) => task.queued).length + 1;
    return `0.00 0.00 0.00 ${running}/${[...k.scheduler.tasks].length} ${k.scheduler.lastPid}\n`;
  });
  text('consoles', () => 'tty0                 -WU (EC p  )    4:1\n');
  text('swaps', () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n');
  text('partitions', () => 'major minor  #blocks  name\n\n');
}
