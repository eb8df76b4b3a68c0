// Programs that the kernel starts: any command of the shell, as a process of its own that has no descriptor open.
import { ENOENT } from '#abi';
import type { UserMode } from '#kernel';
import { Interpreter } from './interpreter.ts';
import type { Services } from './services.ts';
import { State } from './state.ts';

function variables(environment: readonly string[]): Map<string, string> {
  return new Map(
    environment.map((entry) => {
      const equals = entry.indexOf('=');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
export function userMode(services: Services): UserMode {
  const init = services.machine.process;
  return async (path, argv, environment) => {
    const process = init.fork('kworker/u2:0', 0);
    const program = new Interpreter(services, process, new State());
    for (const stream of [0, 1, 2]) await process.close(stream);
    if (typeof (await services.find(program.io, path)) === 'object') {
      await process.exit(1);
      return -ENOENT;
    }
    void program.live(() => program.external([path, ...argv.slice(1)], variables(environment))).catch(services.crash);
    // wait(2)'s form: the exit code in the second byte, or the signal.
    return { ended: init.wait(process).then((code) => process.killedBy ?? code << 8) };
  };
}
