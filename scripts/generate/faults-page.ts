import { FAULTS, WIDE_FAULTS } from '../../src/models/index.ts';
import { page, table } from './markdown.ts';

const calls = (counts: readonly number[]) => counts.join(' + ');

/** docs/reference/faults.md */
export function faultsPage(): string {
  return page(
    '# What comes of a backend\'s faults',
    'Each row is a test that runs over real sockets. `alone`: the model has this backend only. `with a second`: another target of the model is well. Calls are counted at the backends, connections where no request '
      + 'can come in. A whole answer that breaks off was not delivered. What a failed attempt cost is the operator\'s, never the caller\'s.',
    table(
      ['Fault', 'Reply', 'alone: the client sees', 'calls', 'charged', 'with a second: the client sees', 'calls', 'charged'],
      FAULTS.map(({ fault, reply, alone, second }) => [fault, reply, alone.client, calls(alone.calls), alone.charged, second.client, calls(second.calls), second.charged]),
    ),
    '## More than one backend or call',
    table(['Fault', 'Clients see', 'Calls', 'Charged'], Object.values(WIDE_FAULTS).map((wide) => [wide.fault, wide.clients, calls(wide.calls), wide.charged])),
    'A stream that has begun never ends as if it were whole: the error is told in the caller\'s own dialect. Deadlines, and how often a call is tried, are settings of each model name.',
  );
}
