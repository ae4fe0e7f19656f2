/**
 * What the machine takes from whoever runs on a core: a loop that does nothing but look at the clock, and counts for how long it could not. Interrupts,
 * the kernel's own threads, other processes and a hypervisor that runs something else all show. Arguments: seconds. The result is one JSON line.
 */
import { waitAt } from './waits.ts';

/** Less is how long a look at the clock and an interrupt of the clock itself take. */
const LEAST_MS = 0.02;

const endMs = performance.now() + Number(process.argv[2]) * 1000;
const gaps: number[] = [];
const beganMs = performance.now();
let lastMs = beganMs;
while (lastMs < endMs) {
  const nowMs = performance.now();
  if (nowMs - lastMs > LEAST_MS) gaps.push(nowMs - lastMs);
  lastMs = nowMs;
}
console.log(JSON.stringify({ p99Ms: waitAt(gaps, lastMs - beganMs, 0.99), longestMs: Math.max(0, ...gaps), share: gaps.reduce((sum, gap) => sum + gap, 0) / (lastMs - beganMs) }));
