import { enableCompileCache } from 'node:module';
import { printFailure, runVerb } from './verbs.ts';

enableCompileCache();
const [verb = 'up', ...args] = process.argv.slice(2);
try {
  await runVerb(verb, args);
} catch (error) {
  printFailure(error, args.includes('--json'));
  process.exit(1);
}
