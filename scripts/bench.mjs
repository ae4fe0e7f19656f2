// `npm run bench -- NAME`: one benchmark; without a name it lists them.
import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail, install, root, runInForeground } from './node24.mjs';

const names = readdirSync(join(root, 'bench'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, 'bench', entry.name, 'main.ts')))
  .map((entry) => entry.name);
const [name, ...rest] = process.argv.slice(2);
if (!name) {
  console.log(`Benchmarks:\n${names.map((one) => `  npm run bench -- ${one}`).join('\n')}`);
} else if (!names.includes(name)) {
  fail(`There is no benchmark ${name}.`, `Choose one of: ${names.join(', ')}.`);
} else {
  install({ dev: true });
  runInForeground([join(root, 'bench', name, 'main.ts'), ...rest]);
}
