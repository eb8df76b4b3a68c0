import { base, mutant } from './mutate.ts';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { testHost } from './kernel.ts';
const samples = new URL('file:///work/wt-engine/samples/');
const bases = readdirSync(samples, { withFileTypes: true }).filter((e) => existsSync(new URL(`${e.name}/${e.name}.ko`, samples))).map(({ name }) => base(name, readFileSync(new URL(`${name}/${name}.ko`, samples))));
const [a,b,verbose] = process.argv.slice(2).map(Number);
const kinds={}; const fails=new Map(); const slow=[];
async function settled(m, call){ let done=false; const f=call.finally(()=>{done=true}); const s=m.kernel.clock.now;
 const sl=async()=>{while(!done&&!m.kernel.stuck&&m.kernel.clock.now-s<1000e9) await new Promise(r=>setImmediate(r));}; return Promise.race([f,sl()]); }
const t0=Date.now(); let last=-1;
process.on('unhandledRejection',(e)=>console.log('UNHANDLED', e.stack));
for (let n=a;n<b;n++){ writeFileSync('/tmp/w/fz.case',String(n)+' rss '+(process.memoryUsage().rss/1e6|0)); const t=performance.now(); const {image,story}=mutant(bases,n);
 const m = await bootOn({description: loadKernel(), host: testHost}); m.kernel.exceptions.watchdogThreshold = 0.2;
 try {
 if (story.startsWith('importer')) await m.insmod(bases.find(({name})=>name==='exporter').bytes);
 const result = await settled(m, m.process.init_module(image,''));
 if(result===0){ await m.readText('/proc/modules');
  for (const {name} of [...m.kernel.modules.all]) { const folder=`/sys/module/${name}/parameters`; const es=await m.process.readdir(folder);
   for (const e of typeof es==='number'?[]:es){ const fd=await m.process.open(`${folder}/${e.name}`,0); if(fd<0) continue; await settled(m,m.process.read(fd,4096)); await settled(m,m.process.close(fd)); }
   await settled(m, m.process.delete_module(name,0x800)); } }
 const k=result===undefined?'sleeps':result===0?'loaded':m.kernel.taint.has(7)?'oops':String(result); kinds[k]=(kinds[k]??0)+1;
 if (verbose) console.log(story, result, m.dmesg().map(x=>x.text).slice(-40).join('\n'));
 } catch(e){ const key=(e.stack??String(e)).split('\n').filter(l=>/Error|src\//.test(l)).slice(0,3).map(l=>l.trim().replace(/.*src\//,'')).join(' < '); if(!fails.has(key)) {fails.set(key,[]); if(verbose) console.log(e.stack)} fails.get(key).push(n); }
 m.kernel.halt();
 const dt=performance.now()-t; if(dt>400) slow.push([Math.round(dt),n,story.slice(0,80)]);
}
console.log(a,b,'wall',Date.now()-t0,'rss',process.memoryUsage().rss/1e6|0,JSON.stringify(kinds)); for(const [k,v] of fails) console.log('FAIL',k,v.length,v.slice(0,3)); console.log(JSON.stringify(slow.slice(0,6)));
