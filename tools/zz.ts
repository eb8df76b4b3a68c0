import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { importImage } from '../src/host-node/import.ts';
import { waysOfReports } from './callers/reports.ts';

const { callSites, files } = importImage(readFileSync('build/linux-image-6.1.0-56-amd64/boot/vmlinuz-6.1.0-56-amd64'));
const folder = 'assets/kernels/6.1.0-56-amd64/';
writeFileSync(`${folder}bugs.gz`, gzipSync(files.bugs, { level: 9 }));
const ways = [...waysOfReports('test/oopses')];
const old = readFileSync(`${folder}callers`, 'utf8')
  .split(/^(?=\[)/m)
  .filter((w) => !ways.some(([k]) => w.startsWith(`[${k}]`)))
  .join('');
const text = ways.map(([key, chain]) => `[${key}]\n${chain.map((line) => `${line}\n`).join('')}`).join('');
const all = (old.replace(/ = .*/g, '').replace(/^Code: .*\n/gm, '') + text).replace(/^[^[].*$/gm, (line) => callSites.describe(line));
writeFileSync(`${folder}callers`, all);
import { writeLayouts } from '../src/host-node/import.ts';
writeLayouts(folder);
