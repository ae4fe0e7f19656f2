/**
 * `npm run bench -- bill`: how long the pages of money take over many usage events: bill, overview, spend, and the list of usage.
 * The events are made in SQL, with the same columns and sums as the poster writes; Postgres is as it is shipped.
 * Options: --events 10000000 --rounds 20
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/index.ts';
import { DIMENSIONS, type Dimension } from '../../src/ledger/spend/dimensions.ts';
import { showSpend, type SpendFilter } from '../../src/ledger/spend/spend.ts';
import { markdown, percentile } from '../support/stats.ts';
import { openBenchHouse } from '../usage/house.ts';
import { fill } from './fill.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: '20' } } });
const house = await openBenchHouse();
const { database, books, owner } = house;
const startMs = performance.now();
const made = await fill(database, owner.organisationId, Number(values.events), (done) => console.error(`${done.toLocaleString('en')} events after ${((performance.now() - startMs) / 1_000).toFixed(0)} s`));
console.error(`${made.rollups.toLocaleString('en')} sums by day, ${made.lines.toLocaleString('en')} lines of the bill, ${made.spend.toLocaleString('en')} sums of spend`);

const month = new Date().toISOString().slice(0, 7);
const names = { organisation: () => undefined, projectName: (id: string) => id, keyName: (id: string) => id };
/** As the page asks: the groups, or the parts of each day. Hours are of a week, everything else of 30 days. */
const spend = (group: Dimension, subgroup?: Dimension, filter: SpendFilter = {}): readonly [string, () => Promise<unknown>] => [`Spend by ${group}${subgroup === undefined ? '' : ` and ${subgroup}`}${Object.entries(filter).map(([name, value]) => `, of the ${name} ${value}`).join('')}`, () => showSpend(
  { database, clock: systemClock, names, backendNames: () => null }, owner,
  { metric: 'charge', group, subgroup, top: 20, ...filter, ...(group === 'hour' && { from: new Date(Date.now() - 7 * 86_400_000).toISOString() }) },
)];
const pages: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['bill of the month', () => books.bill.show(owner, { month })],
  ['overview', () => books.overview(owner)],
  ['usage, newest 100', () => books.usage.list(owner, { limit: 100 })],
  ['usage of one key, newest 100', () => books.usage.list(owner, { limit: 100, keyId: made.keyId })],
  ['usage of one model, 100 from the middle', () => books.usage.list(owner, { limit: 100, cursor: made.middleId, resource: made.resource })],
  ...DIMENSIONS.map((group) => spend(group)), spend('day', 'model'), spend('day', 'user'), spend('day', 'key'), spend('hour', 'model'), spend('key', 'user'), spend('user', 'key'), spend('tag', 'user'), spend('user', 'tag'),
  spend('model', 'user'), spend('scenario', 'tag'), spend('model', 'tag'), spend('key', 'scenario'),
  // Filters that most calls fit.
  spend('user', undefined, { scenario: 'scenario-1' }), spend('user', undefined, { tag: 'batch' }), spend('key', undefined, { tag: 'batch' }), spend('key', 'user', { tag: 'batch' }), spend('user', 'key', { tag: 'batch' }), spend('key', 'tag', { scenario: 'scenario-1' }),
];
const rows: string[][] = [];
for (const [title, ask] of pages) {
  const took: number[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const beganMs = performance.now();
    await ask();
    took.push(performance.now() - beganMs);
  }
  rows.push([title, ...[took[0]!, percentile(took, 0.5), percentile(took, 0.95)].map((ms) => ms.toFixed(0))]);
}
console.log(`${made.events.toLocaleString('en')} usage events, ${made.rollups.toLocaleString('en')} sums by day, ${made.lines.toLocaleString('en')} lines.\n`);
console.log(markdown(['page', 'first, ms', 'median, ms', 'p95, ms'], rows));
await house.close();
process.exit(0);
