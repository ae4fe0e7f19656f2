import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { Choice } from '../../ui/tabs.tsx';
import type { LinkState } from './kept-link.ts';
import { FITS, applyFit } from './screen-client.ts';
import type { Fit } from './screen-client.ts';
import { InviteDialog } from './screen-invite.tsx';
import { ClipboardBox, MacKeys } from './screen-tools.tsx';
import type { Lease } from './states.ts';
import { useScreen } from './use-screen.ts';
import type { Mode } from './use-screen.ts';

/** An invitation stands after the `#`, which no server sees, and leaves the address at once. */
function takeInvitation(): { readonly ticket: string; readonly mode: Mode } | undefined {
  const said = new URLSearchParams(location.hash.slice(1));
  const ticket = said.get('ticket');
  if (ticket === null) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return { ticket, mode: said.get('mode') === 'control' ? 'control' : 'view' };
}

export function ScreenPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.lease(id));
  const [invitation] = useState(takeInvitation);
  const lease = query.data?.lease;
  return (
    <Page title={lease ? `Screen of ${lease.name}` : 'Screen'} up={{ to: `/fleet/leases/${id}`, title: lease?.name ?? 'Lease' }} busy={!lease && !query.error}
      lead={lease ? (lease.state === 'running' ? `This is the screen of ${lease.name}.` : `${lease.name} does not run, so it has no screen.`) : query.error ? 'The lease could not be read.' : 'Reading the lease…'}>
      <Show query={query} bones={<Bone height={420} />}>
        {({ lease: shown }) => (shown.state === 'running' ? <Screen lease={shown} invitation={invitation} /> : <Over lease={shown} />)}
      </Show>
    </Page>
  );
}

/** What is said where there is nothing to look at. */
function Over({ lease }: { lease: Lease }) {
  const said = lease.state === 'waiting' || lease.state === 'reserved' || lease.state === 'granting' ? 'It has not begun. The screen opens here by itself when it runs.' : `It is over${lease.reason === null ? '' : `: ${lease.reason}`}. Its screen is cut, and its machines are wiped; nothing of it can be shown any more.`;
  return <div className="empty"><p className="empty-title">There is no screen</p><p className="muted">{said}</p><div className="row"><ButtonLink to={`/fleet/leases/${lease.id}`}>See the lease</ButtonLink></div></div>;
}

function Screen({ lease, invitation }: { lease: Lease; invitation: { readonly ticket: string; readonly mode: Mode } | undefined }) {
  const [mode, setMode] = useState<Mode>(invitation?.mode ?? 'control');
  const [fit, setFit] = useState<Fit>('fit');
  const [round, setRound] = useState(0);
  const [inviting, setInviting] = useState(false);
  const whyNot = useWhyNot('leases.write');
  const { place, state, rfb, copied } = useScreen({ id: lease.id, mode, given: invitation?.ticket, running: whyNot === undefined, round });
  const client = useQueryClient();
  useEffect(() => {
    // A lost screen often means that the lease is over: the page should say so at once.
    if (state.kind === 'again' || state.kind === 'refused') void client.invalidateQueries({ queryKey: ['leases', 'one', lease.id] });
  }, [state, client, lease.id]);
  useEffect(() => {
    if (rfb) applyFit(rfb, fit);
  }, [rfb, fit]);
  const looking = mode === 'view' ? 'You only look: keys, pointer and clipboard do nothing.' : undefined;
  return (
    <div className="screen">
      <div className="row screen-tools">
        <Choice label="What you may do" value={mode} options={invitation ? [[mode, mode === 'view' ? 'Only look' : 'Use it']] : [['control', 'Use it'], ['view', 'Only look']]} onChange={(next) => setMode(next === 'view' ? 'view' : 'control')} />
        <Choice label="Size" value={fit} options={FITS} onChange={(next) => setFit(FITS.find(([name]) => name === next)?.[0] ?? 'fit')} />
        {mode === 'control' ? <MacKeys rfb={rfb} /> : null}
        <Button why={whyNot} onClick={() => setInviting(true)}>Invite somebody</Button>
      </div>
      <StateLine state={state} whyNot={whyNot} invited={invitation !== undefined} onAgain={() => setRound((before) => before + 1)} />
      {/* The picture takes the keys while it has the focus; Tab reaches it like any other thing on the page. */}
      <div ref={place} className="screen-place" role="application" aria-label={`Screen of ${lease.name}`} data-state={state.kind} />
      {looking === undefined ? <ClipboardBox rfb={rfb} copied={copied} /> : <p className="muted small">{looking}</p>}
      <SameInTerminal line={commands.screen(lease.id)} />
      {inviting ? <InviteDialog lease={lease} onClose={() => setInviting(false)} /> : null}
    </div>
  );
}

function StateLine({ state, whyNot, invited, onAgain }: { state: LinkState; whyNot: string | undefined; invited: boolean; onAgain: () => void }) {
  if (whyNot !== undefined) return <p className="muted">{whyNot}</p>;
  if (state.kind === 'refused') return <ErrorNotice error={state.error} onRetry={onAgain} />;
  const said = state.kind === 'open' ? 'Connected.' : state.kind === 'connecting' ? 'Opening the screen…'
    : state.kind === 'again' ? `The screen is not connected. Trying again in ${Math.ceil(state.inMs / 1000)} s (try ${state.attempt} of 8).`
      : `The screen could not be opened. Its machine may have none, may be out of reach, or somebody else looks at it${invited ? ': then ask for another invitation' : ' and has to invite you'}.`;
  return <p role="status" className="screen-state">{said}{state.kind === 'given-up' ? <> <Button onClick={onAgain}>Try again</Button></> : null}</p>;
}
