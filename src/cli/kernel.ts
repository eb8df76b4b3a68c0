// kobox kernel list | show | import.
import { basename, join } from 'node:path';
import { importedFolder, importer, listKernels, loadKernel } from '#host-node';
import { UsageError } from './usage.ts';

export async function kernelCommand([verb, argument, extra]: readonly string[]): Promise<number> {
  if (extra !== undefined) throw new UsageError(`kernel ${verb}: one argument too many: '${extra}'`);
  switch (verb) {
    case 'list':
      if (argument !== undefined) throw new UsageError(`kernel list takes no argument: '${argument}'`);
      for (const { release, folder } of listKernels())
        console.log(`${release}\t${folder.startsWith(importedFolder()) ? folder : 'shipped'}`);
      return 0;
    case 'show': {
      const { release, version, vermagic, exports, config } = loadKernel(argument);
      const symbols = exports.values();
      const gpl = symbols.filter((symbol) => symbol.gpl).length;
      console.log(`release:  ${release}\nversion:  ${version}\nvermagic: ${vermagic}`);
      console.log(
        `exports:  ${symbols.length - gpl} plain, ${gpl} GPL-only\nconfig:   ${config === undefined ? 'not known' : `${config.size} options`}`,
      );
      return 0;
    }
    case 'import': {
      if (argument === undefined) throw new UsageError('kernel import needs the path of a vmlinuz, a kernel package (.deb) or its folder');
      const { importPath, writeDescription } = await importer();
      const kernel = importPath(argument);
      const { release } = kernel.parts;
      const folder = join(importedFolder(), release);
      const size = writeDescription(folder, kernel, { file: basename(argument) });
      console.log(`${release}: ${(size / 1e6).toFixed(1)} MB in ${folder}`);
      return 0;
    }
    default:
      throw new UsageError(
        verb === undefined ? "kernel wants 'list', 'show' or 'import'" : `kernel wants 'list', 'show' or 'import', not '${verb}'`,
      );
  }
}
