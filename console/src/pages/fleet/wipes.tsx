import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { ReplyOf } from '../../api/client.ts';
import { commands } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { Ago, When } from '../../ui/amount.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Facts, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import type { Lease, Node } from './states.ts';

type Wipe = ReplyOf<'/api/nodes/{id}/wipes', 'get'>['items'][number];
type LeaseWipe = ReplyOf<'/api/leases/{id}/wipe-certificates', 'get'>['items'][number];

const BY = { agent: 'its agent', provider: 'its provider', mdm: 'an MDM server' } as const;

/** The same of each wipe, whoever looks at it. */
const columns: readonly Column<Wipe>[] = [
  { id: 'clean', header: 'Result', narrow: 'side', width: '8rem', cell: ({ clean }) => <State tone={clean ? 'good' : 'bad'}>{clean ? 'Clean' : 'Not clean'}</State> },
  { id: 'method', header: 'How', narrow: 'hidden', width: '12rem', cell: ({ method, by }) => `${method}, by ${BY[by]}` },
  { id: 'looked', header: 'What was looked for', narrow: 'sub', cell: ({ canaries, unchecked }) => `${canaries.planted.length === 0 ? 'no canary' : `${plural(canaries.planted.length, 'canary', 'canaries')}, ${canaries.found.length} found`}; ${plural(unchecked.length, 'thing')} not checked` },
];
const when: Column<Wipe> = { id: 'when', header: 'When', narrow: 'title', width: '9rem', cell: ({ endedAt }) => <Ago at={endedAt} /> };

/** A table of wipes; each row opens what was said of it. */
function Wipes<T extends Wipe>({ label, rows, first }: { label: string; rows: readonly T[]; first: Column<T> }) {
  const [open, setOpen] = useState<T>();
  return (
    <>
      <Table label={label} rows={rows} rowKey={({ id }) => id} columns={[first, ...columns]} onRow={setOpen} />
      {open === undefined ? null : <Said wipe={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

/** What a machine said is text, never markup. */
function Said({ wipe: { id, clean, method, by, evidence, unchecked, canaries, versions, beganAt, endedAt, keyId, certificate }, onClose }: { wipe: Wipe; onClose: () => void }) {
  const lines = (all: readonly string[]) => <ul className="small">{all.map((line, at) => <li key={at}><bdi className="break">{line}</bdi></li>)}</ul>;
  return (
    <Dialog title={clean ? 'Wiped clean' : 'Wiped, and not clean'} onClose={onClose} wide>
      <Facts items={[
        ['How', `${method}, by ${BY[by]}`], ['When', <span key="when"><When at={beganAt} /> to <When at={endedAt} /></span>], [clean ? 'Looked for' : 'Found', <div key="evidence">{lines(evidence)}</div>], ['Not checked', <div key="unchecked">{lines(unchecked)}</div>],
        ['Canaries', canaries.planted.length === 0 ? 'none' : `${canaries.planted.join(', ')}; found: ${canaries.found.length}`], ['Software', <bdi key="software">{Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}</bdi>], ['Signed by', <code key="key" className="break">{keyId}</code>],
      ]} />
      <p className="notice-act"><a href={`data:application/jose,${certificate}`} download={`wipe-${id}.jws`}>Download the certificate</a></p>
      <SameInTerminal line={commands.wipeVerify(`wipe-${id}.jws`)} />
    </Dialog>
  );
}

/** What was wiped on a machine, whoever had it. */
export function NodeWipes({ node }: { node: Node }) {
  const query = useQuery(queries.wipesOfNode(node.id));
  return (
    <Section title="What was wiped?" note="After each lease, newest first. Of whose lease it was nothing is told.">
      <Show query={query} bones={<Bone width={260} />}>{({ items }) => (items.length === 0 ? <p className="muted">Nothing was wiped on it yet.</p> : <Wipes label={`Wipes of ${node.name}`} rows={items} first={when} />)}</Show>
      <SameInTerminal line={commands.nodeWipes(node.name)} />
    </Section>
  );
}

/** What its machine had before a lease, and what was wiped after it. */
export function LeaseWipes({ lease }: { lease: Lease }) {
  const query = useQuery(queries.wipesOfLease(lease.id, lease.state));
  const of: Column<LeaseWipe> = { id: 'of', header: 'Which', narrow: 'title', width: '10rem', cell: ({ of: which, endedAt }) => <>{which === 'this' ? 'After it' : 'Before it'}, <Ago at={endedAt} /></> };
  return (
    <Section title="Was it wiped?" note="The machine is wiped before and after each lease. Certificates are signed, and tell neither tenant of the other.">
      <Show query={query} bones={<Bone width={260} />}>{({ items }) => (items.length === 0 ? <p className="muted">There is no certificate yet: nobody had the machine before, and this lease is not wiped.</p> : <Wipes label={`Wipes around ${lease.name}`} rows={items} first={of} />)}</Show>
      <SameInTerminal line={commands.leaseWipe(lease.id)} />
    </Section>
  );
}
