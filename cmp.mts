import { boot } from '/work/wt-files/src/node/index.ts';
import { sysctls, builtinParameters } from '/work/wt-files/src/kernel/q35.generated.ts';
const machine = await boot({});
for (const [root, list] of [['/proc/sys', sysctls], ['/sys/module', builtinParameters]] as const)
for (const line of list) { const s = line.indexOf(' '); const p = line.slice(0, s), v = line.slice(s + 1); let t = ''; try { t = (await machine.readText(`${root}/${p}`)).replace(/\n+$/, ''); } catch (e) { t = String(e); } if (t !== v) console.log(p, JSON.stringify(v), JSON.stringify(t)); }
