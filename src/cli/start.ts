#!/usr/bin/env node
// Starts the command from V8's code cache: compiling the bundle anew costs more than most commands take.
// (module.enableCompileCache() does the same, but is younger than Node 20.)
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const bundle = fileURLToPath(new URL('main.cjs', import.meta.url));
const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kobox', 'code');
// V8 itself refuses a cache of another version or build; of the source it knows only the length.
const { size, mtimeMs } = statSync(bundle);
const prefix = `${basename(bundle)}-`;
const cacheFile = join(folder, `${prefix}${process.version}-${process.arch}-${size}-${mtimeMs}`);

function readCache(): Buffer | undefined {
  try {
    return readFileSync(cacheFile);
  } catch {
    return undefined;
  }
}
/** A cache that cannot be written (read-only home) is not missed. */
function writeCache(script: Script): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const old of readdirSync(folder)) if (old.startsWith(`${prefix}${process.version}`)) rmSync(join(folder, old));
    const temporary = `${cacheFile}.${process.pid}`;
    writeFileSync(temporary, script.createCachedData());
    renameSync(temporary, cacheFile);
  } catch {}
}

const cachedData = readCache();
const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'utf8')}\n})`, {
  filename: bundle,
  ...(cachedData !== undefined && { cachedData }),
});
// At the end, so that the cache has the functions that a run needs.
if (cachedData === undefined || script.cachedDataRejected === true) process.on('exit', () => writeCache(script));
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
