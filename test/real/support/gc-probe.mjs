// Loaded into the server under test: on SIGUSR2 V8 gives back all that it does not use, as it does where memory runs out, and what is left is written
// down. Only then a slope of some bytes can be seen.
import { writeFileSync, renameSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';

const file = process.env.TANDEM_GC_PROBE;
// The poster and the other processes of the server inherit the option, and have memory of their own.
if (file !== undefined && process.argv[1]?.endsWith('start/main.ts')) {
  process.on('SIGUSR2', () => {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    // Code and what belongs to it lie in spaces of their own, and grow and shrink as V8 compiles and forgets.
    const code = getHeapSpaceStatistics().filter(({ space_name: name }) => /^(code|trusted)/.test(name)).reduce((sum, { space_used_size: size }) => sum + size, 0);
    writeFileSync(`${file}.new`, JSON.stringify({ ...process.memoryUsage(), code }));
    renameSync(`${file}.new`, file);
  });
}
