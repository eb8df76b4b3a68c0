// Call traces of module code by its ORC tables. Source: arch/x86/kernel/unwind_orc.c, arch/x86/include/asm/orc_types.h.
import { RBP, RSP } from '../../cpu.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, GuestFault } from '../../memory.ts';
import { type Execution, GUEST_RETURN_ADDR } from '../../sched/execution.ts';

const ORC_ENTRY = 6;
const ORC_REG_UNDEFINED = 0;
const ORC_REG_PREV_SP = 1;
const ORC_REG_BP = 4;
const ORC_REG_SP = 5;
const MAX_FRAMES = 64;

interface OrcEntry {
  readonly spOffset: number;
  readonly bpOffset: number;
  readonly spRegister: number;
  readonly bpRegister: number;
}

function find(k: Kernel, ip: Addr): OrcEntry | undefined {
  for (const module of k.modules.all) {
    const ips = module.sectionAddress('.orc_unwind_ip');
    const entries = module.sectionAddress('.orc_unwind');
    if (ips === undefined || entries === undefined) continue;
    const inCore = ip >= module.core && ip < module.core + module.coreSize;
    const inInit = ip >= module.init && ip < module.init + module.initSize;
    if (!inCore && !inInit) continue;
    let best = -1;
    let bestIp = Number.NEGATIVE_INFINITY;
    for (let n = 0; n < ips.size / 4; n++) {
      const start = ips.address + n * 4 + k.memory.s32(ips.address + n * 4);
      // The end of one section may be the start of the next: what says nothing of the stack only ends the first.
      const says = (k.memory.u16(entries.address + n * ORC_ENTRY + 4) & 15) !== ORC_REG_UNDEFINED;
      if (start <= ip && (start > bestIp || (start === bestIp && says))) {
        best = n;
        bestIp = start;
      }
    }
    if (best < 0) return undefined;
    const at = entries.address + best * ORC_ENTRY;
    const registers = k.memory.u16(at + 4);
    return { spOffset: k.memory.s16(at), bpOffset: k.memory.s16(at + 2), spRegister: registers & 15, bpRegister: (registers >> 4) & 15 };
  }
  return undefined;
}

/** What runs: Execution, or what an interrupt interrupted. */
export type Place = Pick<Execution, 'activations' | 'running'>;
/** A line of a call trace: a return address, or what the kernel description says of the way there. */
export type Frame = Addr | { readonly way: string };

/**
 * The frames from where the context runs outwards. `ip`: the guest instruction that runs; undefined when a kernel function
 * runs that guest code called. Guest frames are unwound; between them stand the generators that called into the guest.
 */
export function* unwind(k: Kernel, ip: Addr | undefined, { activations, running }: Place): Generator<Frame> {
  let sp = k.registers.addr(RSP);
  let bp = k.registers.addr(RBP);
  let level = activations.length - 1;
  // A generator that guest code called runs on top: its return address is the guest's, and it called nobody.
  if (ip === undefined && running === 'generator' && activations[level--]?.calledByGuest === undefined) return;
  let back = ip;
  try {
    for (let count = 0; count < MAX_FRAMES; count++) {
      let lookup = ip ?? 0;
      if (back === undefined || count > 0) {
        if (back === undefined) {
          back = k.memory.ptr(sp);
          sp += 8;
        }
        while (back === GUEST_RETURN_ADDR) {
          const caller = activations[level--];
          if (caller?.way !== undefined) yield { way: caller.way };
          // Outermost: where the way ends, the trace does.
          if (caller?.calledByGuest === undefined) return;
          sp += (caller.stackArguments ?? 0) * 8;
          back = k.memory.ptr(sp);
          sp += 8;
        }
        // A stack that was overwritten leads nowhere.
        if (k.symbolize(back) === undefined) return;
        yield back;
        // A return address points behind its call: the call itself is looked up.
        lookup = back - 1;
      }
      const orc = find(k, lookup);
      const base = orc?.spRegister === ORC_REG_SP ? sp : orc?.spRegister === ORC_REG_BP ? bp : undefined;
      if (orc === undefined || base === undefined) return;
      sp = base + orc.spOffset;
      if (orc.bpRegister === ORC_REG_PREV_SP) bp = k.memory.ptr(sp + orc.bpOffset);
      back = k.memory.ptr(sp - 8);
    }
  } catch (error) {
    if (!(error instanceof GuestFault)) throw error;
  }
}
