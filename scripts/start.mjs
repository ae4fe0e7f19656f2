// `npm start`: installs what is missing, then runs the server on Node 24 in the foreground.
// `npm start -- backup FILE` and `npm start -- restore FILE` go the same way.
import { join } from 'node:path';
import { install, root, runInForeground } from './node24.mjs';

install({ dev: false });
const [verb = 'up', ...rest] = process.argv.slice(2);
runInForeground(['--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts'), verb, ...rest]);
