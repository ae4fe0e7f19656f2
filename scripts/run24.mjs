// Runs one of the project's own TypeScript files on Node 24.
import { install, runInForeground } from './node24.mjs';

install({ dev: true });
runInForeground(process.argv.slice(2));
