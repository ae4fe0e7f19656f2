// Loaded into the server under test: on SIGUSR2 V8 gives back all that it does not use, as it does where memory runs out, and what is left is written
// down. Only then a slope of some bytes can be seen. It ages the process as well: see TANDEM_GC_EAGER.
import { writeFileSync, renameSync, readFileSync } from 'node:fs';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const file = process.env.TANDEM_GC_PROBE;
/** Runs of a function before V8 optimizes it, first by Maglev and then by TurboFan, and after what it last learned of its types: V8's own numbers, and few. */
const USUAL = { maglev: 400, turbofan: 3_000, 'after-ic-update': 500 };
const FEW = { maglev: 4, turbofan: 40, 'after-ic-update': 10 };
/**
 * Until so many looks, V8 optimizes what has run a few times. What runs once a second or for one client in a thousand is optimized after an hour else, a
 * function now and then: 20 to 30 in 40,000 replies, each some KiB, and every look begins part of it anew. A process that has run for long has that behind it.
 */
let eager = Number(process.env.TANDEM_GC_EAGER ?? 0);

// The poster and the other processes of the server inherit the option, and have memory of their own.
if (file !== undefined && process.argv[1]?.endsWith('start/main.ts')) {
  if (eager > 0) optimizeAfter(FEW);
  process.on('SIGUSR2', () => {
    eager -= 1;
    if (eager === 0) optimizeAfter(USUAL);
    // What is left is moved together: else it lies in other pages each time, and how full they are moves by more than what is to be seen.
    setFlagsFromString('--compact-on-every-full-gc');
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    setFlagsFromString('--no-compact-on-every-full-gc');
    // Code and what belongs to it lie in spaces of their own, and grow and shrink as V8 compiles and forgets.
    const code = usedBy(/^(code|trusted)/);
    // Tables that have grown to more than 128 KiB: they become twice as large, or half, at once.
    const large = usedBy(/^(new_)?large/);
    // Pages of Node's own program and libraries, which the system takes back and reads again as it likes, count among those that are resident.
    const mapped = Number(/^RssFile:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1_024;
    writeFileSync(`${file}.new`, JSON.stringify({ ...process.memoryUsage(), code, large, mapped }));
    renameSync(`${file}.new`, file);
  });
}

function usedBy(spaces) {
  return getHeapSpaceStatistics().filter(({ space_name: name }) => spaces.test(name)).reduce((sum, { space_used_size: size }) => sum + size, 0);
}

function optimizeAfter({ maglev, turbofan, 'after-ic-update': afterUpdate }) {
  setFlagsFromString(`--invocation-count-for-maglev=${maglev}`);
  setFlagsFromString(`--invocation-count-for-turbofan=${turbofan}`);
  setFlagsFromString(`--minimum-invocations-after-ic-update=${afterUpdate}`);
}
