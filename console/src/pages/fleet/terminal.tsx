import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import type { LinkState } from './kept-link.ts';
import type { Lease } from './states.ts';
import { TerminalKeys } from './terminal-keys.tsx';
import { useTerminal } from './use-terminal.ts';

export function TerminalPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.lease(id));
  const lease = query.data?.lease;
  const inside = lease?.state === 'running' && (lease.access === 'shell' || lease.access === 'root');
  return (
    <Page title={lease ? `Terminal in ${lease.name}` : 'Terminal'} up={{ to: `/fleet/leases/${id}`, title: lease?.name ?? 'Lease' }} busy={!lease && !query.error}
      lead={lease ? (inside ? `This is a shell in ${lease.name}.` : `${lease.name} has no shell to show.`) : query.error ? 'The lease could not be read.' : 'Reading the lease…'}>
      <Show query={query} bones={<Bone height={420} />}>
        {({ lease: shown }) => (inside ? <Shell lease={shown} /> : <NoShell lease={shown} />)}
      </Show>
    </Page>
  );
}

function NoShell({ lease }: { lease: Lease }) {
  const said = lease.state === 'running' ? `Its access is ${lease.access}: there is no shell.`
    : lease.state === 'waiting' || lease.state === 'reserved' || lease.state === 'granting' ? 'It has not begun. The terminal opens here by itself when it runs.' : `It is over${lease.reason === null ? '' : `: ${lease.reason}`}. Its shells are ended, and its machines are wiped.`;
  return <div className="empty"><p className="empty-title">There is no terminal</p><p className="muted">{said}</p><div className="row"><ButtonLink to={`/fleet/leases/${lease.id}`}>See the lease</ButtonLink></div></div>;
}

function Shell({ lease }: { lease: Lease }) {
  const [round, setRound] = useState(0);
  const whyNot = useWhyNot('leases.write');
  const { place, view, state, link, facts, code, selected } = useTerminal({ id: lease.id, running: whyNot === undefined, round });
  const client = useQueryClient();
  useEffect(() => {
    // A lost terminal often means that the lease is over: the page should say so at once.
    if (state.kind === 'again' || state.kind === 'refused') void client.invalidateQueries({ queryKey: ['leases', 'one', lease.id] });
  }, [state, client, lease.id]);
  return (
    <div className="screen">
      <div className="row screen-tools">
        <TerminalKeys view={view} link={link} />
        {selected === '' ? null : <CopyButton text={selected} label="what is selected">Copy the selection</CopyButton>}
      </div>
      <StateLine state={state} resumed={facts?.resumed === true} code={code} whyNot={whyNot} onAgain={() => setRound((before) => before + 1)} />
      {facts?.recorded === true ? <p className="small">This session is recorded: what is shown here can be watched by who may see the lease.</p> : null}
      <div ref={place} className="terminal-place" role="group" aria-label={`Terminal in ${lease.name}`} data-state={state.kind} />
      <p className="muted small">Keys go to the machine while the terminal has the focus; Shift+F6 leaves it.</p>
      <SameInTerminal line={commands.ssh(lease.id)} />
    </div>
  );
}

function StateLine({ state, resumed, code, whyNot, onAgain }: { state: LinkState; resumed: boolean; code: number | null; whyNot: string | undefined; onAgain: () => void }) {
  if (whyNot !== undefined) return <p className="muted">{whyNot}</p>;
  if (state.kind === 'refused') return <ErrorNotice error={state.error} onRetry={onAgain} />;
  const said = state.kind === 'open' ? (resumed ? 'Connected again: the shell went on meanwhile.' : 'Connected.') : state.kind === 'connecting' ? 'Opening a terminal…'
    : state.kind === 'again' ? `The terminal is not connected; its shell waits a minute. Trying again in ${Math.ceil(state.inMs / 1000)} s (try ${state.attempt} of 8).`
      : state.kind === 'ended' ? (code === null ? 'The shell was ended.' : `The shell has ended with code ${code}.`) : 'The terminal could not be opened. Its machine may be out of reach.';
  return <p role="status" className="screen-state">{said}{state.kind === 'given-up' || state.kind === 'ended' ? <> <Button onClick={onAgain}>{state.kind === 'ended' ? 'Open another' : 'Try again'}</Button></> : null}</p>;
}
