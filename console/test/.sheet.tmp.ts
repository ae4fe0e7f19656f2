import { launch } from './browser.ts';
import { writeFileSync } from 'node:fs';
const [suffix, names, out, w, cols] = process.argv.slice(2) as [string,string,string,string,string];
const b = await launch();
const page = await b.newPage({ viewport: { width: Number(w)*Number(cols)+20, height: 500 } });
writeFileSync('/tmp/shots/sheet.html', `<body style="margin:4px;display:grid;grid-template-columns:repeat(${cols},${w}px);gap:4px;background:#888">${names.split(',').map((n) => `<img src="${n}-${suffix}.png" style="width:100%">`).join('')}`);
await page.goto('file:///tmp/shots/sheet.html'); await page.waitForTimeout(300);
await page.screenshot({ path: out, fullPage: true }); await b.close();
