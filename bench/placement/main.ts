// `npm run bench -- placement`: one round of placement of 1,000 requests, and how it grows from 100 to 100,000 machines.
import { loadavg } from 'node:os';
import { place } from '../../src/fleet/placement/index.ts';
import { makeFleet } from './fleet.ts';

const REQUESTS = 1_000;
const ROUNDS = 7;

console.log(`Placement of ${REQUESTS} requests, median of ${ROUNDS} rounds (slowest in brackets). Load ${loadavg()[0]!.toFixed(1)}, Node ${process.version}.\n`);
console.log('machines   units  placed  waiting      ms');
for (const nodes of [100, 1_000, 10_000, 100_000]) {
  const input = makeFleet(nodes, REQUESTS);
  const units = input.machines.reduce((sum, machine) => sum + machine.units.length, 0);
  place(makeFleet(Math.min(nodes, 1_000), REQUESTS, 2));
  const times: number[] = [];
  let result = place(input);
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    result = place(input);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  console.log(`${String(nodes).padStart(8)} ${String(units).padStart(7)} ${String(result.placed.length).padStart(7)} ${String(result.waiting.length).padStart(8)} ${times[(ROUNDS - 1) / 2]!.toFixed(0).padStart(7)} (${times.at(-1)!.toFixed(0)})`);
}
