import { api } from '../../api/client.ts';
import { useState } from 'react';
import type { ReplyOf } from '../../api/client.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { bytesText, gpuClaims, inventoryFacts } from './inventory.ts';
import type { Node } from './states.ts';

/** What the machine says, as text: a browser must never take a word of it for markup, nor let it turn the direction of the words around it. */
export function Inventory({ inventory }: Pick<Node, 'inventory'>) {
  const gpus = gpuClaims(inventory);
  const unknown = <span className="muted">unknown</span>;
  return (
    <>
      <Facts items={inventoryFacts(inventory).map(([name, value]) => [name, <bdi key={name} className="break">{value}</bdi>] as const)} />
      {gpus.length === 0 ? null : <h3 className="sub-head">{plural(gpus.length, 'GPU')}</h3>}
      {gpus.length === 0 ? null : (
        <Table label="GPUs" rows={gpus} rowKey={({ id }) => id} columns={[
          { id: 'name', header: 'GPU', narrow: 'title', cell: ({ name, slices }) => <><bdi>{name}</bdi>{slices.length === 0 ? null : <span className="muted beside"> slices {slices.join(', ')}</span>}</> },
          { id: 'memory', header: 'Memory', numeric: true, narrow: 'side', width: '7rem', cell: ({ memoryBytes }) => <span className="num">{bytesText(memoryBytes)}</span> },
          { id: 'duty', header: 'Busy', unit: '%', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ duty }) => (duty === null ? unknown : <span className="num">{count(duty)}</span>) },
          { id: 'heat', header: 'Heat', unit: '°C', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ temperatureC }) => (temperatureC === null ? unknown : <span className="num">{count(temperatureC)}</span>) },
          { id: 'ecc', header: 'Errors', unit: 'uncorrected', numeric: true, narrow: 'hidden', width: '9rem', cell: ({ uncorrected }) => (uncorrected === null ? unknown : <span className="num">{count(uncorrected)}</span>) },
          { id: 'driver', header: 'Driver', narrow: 'hidden', width: '9rem', cell: ({ driver }) => (driver === null ? unknown : <bdi>{driver}</bdi>) },
        ]} />
      )}
      <details className="table-note"><summary>All that it says</summary><pre className="claim" tabIndex={0}>{JSON.stringify(inventory, null, 2)}</pre></details>
    </>
  );
}

const CHECK = { pass: ['good', 'Passes'], warn: ['warn', 'Warns'], fail: ['bad', 'Fails'] } as const;
type Checks = ReplyOf<'/api/nodes/{id}/doctor', 'post'>['checks'];

/** Has the agent look at its machine now. */
export function Doctor({ node }: { node: Node }) {
  const [checks, setChecks] = useState<Checks>();
  const look = useAction(() => api.post('/api/nodes/{id}/doctor', { path: { id: node.id } }), []);
  return (
    <>
      {checks === undefined ? <p className="muted">The agent looks at disk, user, sandbox, SSH and GPUs when it is asked.</p> : (
        <Table label="Checks" rows={checks} rowKey={({ id }) => id} columns={[
          { id: 'id', header: 'Check', narrow: 'title', width: '9rem', cell: ({ id }) => id },
          { id: 'state', header: 'State', narrow: 'side', width: '8rem', cell: ({ state }) => <State tone={CHECK[state][0]}>{CHECK[state][1]}</State> },
          { id: 'detail', header: 'What it saw', narrow: 'sub', cell: ({ detail, next, state }) => <span className="rest-of-row" title={detail}><bdi>{detail}</bdi>{next === null || state === 'pass' ? null : <span className="muted"> Next: <bdi>{next}</bdi></span>}</span> },
        ]} />
      )}
      {look.error ? <ErrorNotice error={look.error} /> : null}
      <p className="notice-act"><Button busy={look.busy} why={node.connected ? undefined : 'The node is not connected.'} onClick={() => void look.run().then((reply) => reply && setChecks(reply.checks))}>{look.busy ? 'The agent is looking…' : checks === undefined ? 'Have it look' : 'Look again'}</Button></p>
      <SameInTerminal line={commands.nodeDoctor(node.name)} />
    </>
  );
}
