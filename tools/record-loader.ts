// Records what the real kernel does with the cases of test/loader: boots Debian's kernel in QEMU once per session and writes
// test/loader/recordings/SESSION.txt. Usage: npx tsx -C source tools/record-loader.ts [SESSION...]
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtFiles, type Session, scriptOf, sessions } from '../test/loader/cases.ts';

const root = new URL('..', import.meta.url).pathname;
const recordings = join(root, 'test/loader/recordings');
const run = promisify(execFile);
/** Software emulation: one machine a core. */
const AT_ONCE = 2;

async function record(session: Session, work: string): Promise<void> {
  const { script, files } = scriptOf(session);
  const folder = join(work, session.name);
  mkdirSync(folder);
  const paths = Object.entries({ ...builtFiles(), ...files }).map(([name, bytes]) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  });
  const file = join(folder, 'script');
  // What the kernel says of its own accord a while after the boot is none of the session's.
  writeFileSync(file, `PATH=$PATH:/root\nsleep 3\n${script}`);
  const { stdout } = await run(join(root, 'tools/qemu-run.sh'), [file, join(work, 'sys'), ...paths], {
    env: { ...process.env, KERNEL_ARGUMENTS: session.cmdline ?? '' },
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  });
  const own = stdout.replace(/^<[46]>(?:hrtimer: interrupt took|clocksource: |tsc: Refined|random: crng).*\n/gm, '');
  writeFileSync(join(recordings, `${session.name}.txt`), own, 'latin1');
  console.log(`${session.name}: ${session.cases.length} cases`);
}

const names = process.argv.slice(2);
const wanted = sessions().filter(({ name }) => names.length === 0 || names.includes(name));
const work = mkdtempSync(join(tmpdir(), 'kobox-loader-'));
mkdirSync(recordings, { recursive: true });
try {
  execFileSync('gcc', ['-O1', '-static', '-o', join(work, 'sys'), join(root, 'tools/sys.c')]);
  const left = [...wanted];
  const worker = async (): Promise<void> => {
    for (let session = left.shift(); session !== undefined; session = left.shift()) {
      try {
        await record(session, work);
      } catch (error) {
        process.exitCode = 1;
        console.error(`${session.name}: ${(error as { stderr?: string }).stderr ?? error}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
} finally {
  rmSync(work, { recursive: true });
}
