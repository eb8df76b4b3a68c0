// What a reader of /dev/input/mouseN gets: packets of a PS/2 mouse, and answers to a PS/2 host's commands.
// Source: drivers/input/mousedev.c; the protocols: PS/2 (3 bytes), IntelliMouse and Explorer (4 bytes).

/** A movement and the buttons held with it. */
export interface Motion {
  dx: number;
  dy: number;
  dz: number;
  buttons: number;
}
export const still = (): Motion => ({ dx: 0, dy: 0, dz: 0, buttons: 0 });

type Mode = 'ps2' | 'imps' | 'exps';
const QUEUE_LENGTH = 16;
const ACK = 0xfa;
/** Sequences of sample rates that switch a mouse to the other protocols. */
const KNOCKS: readonly (readonly [Mode, readonly number[]])[] = [
  ['exps', [0xf3, 200, 0xf3, 200, 0xf3, 80]],
  ['imps', [0xf3, 200, 0xf3, 100, 0xf3, 80]],
];
const IDS: Readonly<Record<Mode, number>> = { ps2: 0, imps: 3, exps: 4 };
const limit = (delta: number, most: number): number => Math.max(-most, Math.min(most, delta));

export class MouseClient {
  readonly #queue: Motion[] = [still()];
  readonly #knocked = new Map<Mode, number>();
  #mode: Mode = 'ps2';
  #lastButtons = 0;
  /** Bytes that are being read. */
  #bytes: number[] = [];
  /** Where an absolute pointer stood last. */
  readonly position = { x: 0, y: 0 };
  /** Whether there is a packet to be made. */
  #ready = false;

  get readable(): boolean {
    return this.#ready || this.#bytes.length > 0;
  }
  /** Adds a motion; one with other buttons is a packet of its own. */
  add({ dx, dy, dz }: Motion, buttons: number): void {
    let last = this.#queue.at(-1) as Motion;
    if (this.#ready && last.buttons !== buttons && this.#queue.length < QUEUE_LENGTH) {
      last = still();
      this.#queue.push(last);
    }
    last.dx += dx;
    last.dy += dy;
    last.dz += dz;
    last.buttons = buttons;
    if (last.dx !== 0 || last.dy !== 0 || last.dz !== 0 || last.buttons !== this.#lastButtons) this.#ready = true;
  }
  read(count: number): Uint8Array {
    if (this.#bytes.length === 0 && this.#ready) this.#bytes = this.#packet();
    return Uint8Array.from(this.#bytes.splice(0, count));
  }
  /** The next packet; what does not fit into it stays for another one. */
  #packet(): number[] {
    const motion = this.#queue[0] as Motion;
    const dx = limit(motion.dx, 127);
    const dy = limit(motion.dy, 127);
    motion.dx -= dx;
    motion.dy -= dy;
    const head = 0x08 | (motion.dx + dx < 0 ? 0x10 : 0) | (motion.dy + dy < 0 ? 0x20 : 0);
    const side = motion.buttons >> 3;
    const folded = ((motion.buttons & 0x10) >> 3) | ((motion.buttons & 0x08) >> 1);
    let bytes: number[];
    if (this.#mode === 'ps2') {
      motion.dz = 0;
      bytes = [head | (motion.buttons & 7) | folded, dx, dy];
    } else {
      const dz = limit(motion.dz, this.#mode === 'exps' ? 7 : 127);
      motion.dz -= dz;
      bytes =
        this.#mode === 'exps'
          ? [head | (motion.buttons & 7), dx, dy, (dz & 0x0f) | ((side & 3) << 4)]
          : [head | (motion.buttons & 7) | folded, dx, dy, dz];
    }
    if (motion.dx === 0 && motion.dy === 0 && motion.dz === 0) {
      if (this.#queue.length === 1) {
        this.#ready = false;
        this.#lastButtons = motion.buttons;
      } else this.#queue.shift();
    }
    return bytes.map((byte) => byte & 0xff);
  }
  /** A byte from the host. */
  command(byte: number): void {
    for (const [mode, knocks] of KNOCKS) {
      const at = this.#knocked.get(mode) ?? 0;
      const next = knocks[at] === byte ? at + 1 : 0;
      this.#knocked.set(mode, next === knocks.length ? 0 : next);
      if (next === knocks.length) this.#mode = mode;
    }
    switch (byte) {
      case 0xeb:
        this.#bytes = [ACK, ...this.#packet()];
        break;
      case 0xf2:
        this.#bytes = [ACK, IDS[this.#mode]];
        break;
      case 0xe9:
        this.#bytes = [ACK, 0x60, 3, 200];
        break;
      case 0xff:
        this.#knocked.clear();
        this.#mode = 'ps2';
        this.#bytes = [ACK, 0xaa, 0];
        break;
      default:
        this.#bytes = [ACK];
    }
  }
}
