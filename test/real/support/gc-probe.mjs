// Loaded into the server under test: on SIGUSR2 it collects garbage and writes down what is left. Only then a slope of some bytes can be seen.
import { writeFileSync, renameSync } from 'node:fs';

const file = process.env.TANDEM_GC_PROBE;
// The poster and the other processes of the server inherit the option, and have memory of their own.
if (file !== undefined && process.argv[1]?.endsWith('start/main.ts')) {
  process.on('SIGUSR2', () => {
    globalThis.gc();
    globalThis.gc();
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
    renameSync(`${file}.new`, file);
  });
}
