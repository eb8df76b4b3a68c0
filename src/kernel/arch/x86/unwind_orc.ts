// Call traces of module code by its ORC tables. Source: arch/x86/kernel/unwind_orc.c, arch/x86/include/asm/orc_types.h.
import { RBP, RSP } from '../../cpu.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, GuestFault, kernelAddr } from '../../memory.ts';
import { GUEST_RETURN } from '../../sched/execution.ts';

const ORC_ENTRY = 6;
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
      if (start <= ip && start > bestIp) {
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

/** Return addresses from the function at `ip` outwards, until the guest's first frame. */
export function unwind(k: Kernel, ip: Addr, sp = k.registers.addr(RSP), bp = k.registers.addr(RBP)): Addr[] {
  const frames: Addr[] = [];
  try {
    // A return address points behind its call: the call itself is looked up.
    for (let lookup = ip; frames.length < MAX_FRAMES; ) {
      const orc = find(k, lookup);
      if (orc === undefined) break;
      const base = orc.spRegister === ORC_REG_SP ? sp : orc.spRegister === ORC_REG_BP ? bp : undefined;
      if (base === undefined) break;
      const frame = base + orc.spOffset;
      const back = k.memory.ptr(frame - 8);
      if (back === kernelAddr(GUEST_RETURN)) break;
      if (orc.bpRegister === ORC_REG_PREV_SP) bp = k.memory.ptr(frame + orc.bpOffset);
      sp = frame;
      frames.push(back);
      lookup = back - 1;
    }
  } catch (error) {
    if (!(error instanceof GuestFault)) throw error;
  }
  return frames;
}
