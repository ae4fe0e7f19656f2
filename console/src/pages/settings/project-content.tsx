import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, asApiError } from '../../api/client.ts';
import type { ReplyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { Ago, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { State } from '../../ui/state.tsx';

type Consent = ReplyOf<'/api/projects/{id}/consent', 'get'>;

/** What is kept of a project's content: for functions that its calls ask for, and by its consent. */
export function ProjectContent({ project }: { project: Schemas['Project'] }) {
  const path = { id: project.id };
  const query = useQuery(queries.consent(project.id));
  const contributions = useQuery(queries.contributions(project.id)).data;
  const [reading, setReading] = useState(false);
  const kinds = ['projects', 'events'];
  const store = useAction(() => api.patch('/api/projects/{id}', { path, body: { store: !project.store } }), kinds);
  const pays = useAction(() => api.patch('/api/projects/{id}', { path, body: { paysAttempts: project.paysAttempts === null } }), kinds);
  const give = useAction((textVersion: string) => api.post('/api/projects/{id}/consent', { path, body: { textVersion } }), kinds);
  const withdraw = useAction(() => api.delete('/api/projects/{id}/consent', { path }), kinds);
  const consent = query.data;
  const error = store.error ?? pays.error ?? give.error ?? withdraw.error ?? (query.error ? asApiError(query.error) : undefined);
  return (
    <div className="form">
      <h3>What is kept of its content?</h3>
      <p className="small">{project.store ? 'Content is kept where a call asks for it: stored responses, files, batches. It is encrypted and ends by itself.' : 'Nothing is kept for functions: calls that need it are refused.'}</p>
      <div className="row"><Button busy={store.busy} onClick={() => void store.run()}>{project.store ? 'Keep nothing for functions' : 'Keep what calls ask for'}</Button></div>
      <SameInTerminal line={commands.projectStore(project.slug, !project.store)} />
      <h3>Who pays for tries that did not deliver?</h3>
      <p className="small">{project.paysAttempts === null ? 'The operator does: the project pays for what is delivered.'
        : <><State tone="warn">The project</State> {project.paysAttempts.by} decided it on <When at={project.paysAttempts.since} />. It pays for what failed tries and losers of hedges were reported to have used, and each call holds the sum of all tries that it may make.</>}</p>
      <div className="row"><Button busy={pays.busy} onClick={() => void pays.run()}>{project.paysAttempts === null ? 'Let the project pay for them' : 'Pay for what is delivered only'}</Button></div>
      <SameInTerminal line={commands.projectAttempts(project.slug, project.paysAttempts === null)} />
      <h3>Does it contribute?</h3>
      <p className="small">{consent ? <Standing consent={consent} /> : 'Reading the consent…'}</p>
      {contributions === undefined ? null : <Kept figures={contributions} />}
      {consent && reading && consent.state !== 'given' ? <p className="small"><strong>Text {consent.current.version}.</strong> {consent.current.text}</p> : null}
      {error ? <ErrorNotice error={error} /> : null}
      {consent === undefined ? null : consent.state === 'given' ? (
        <div className="row"><Button kind="danger" busy={withdraw.busy} onClick={() => void withdraw.run()}>Withdraw and delete what was kept</Button></div>
      ) : (
        <div className="row">{reading ? <Button kind="primary" busy={give.busy} onClick={() => void give.run(consent.current.version)}>Agree for this project</Button> : <Button onClick={() => setReading(true)}>Read what it would agree to</Button>}</div>
      )}
      <SameInTerminal line={consent?.state === 'given' ? commands.consentWithdraw(project.slug) : commands.consentGive(project.slug, consent?.current.version ?? 'VERSION')} />
    </div>
  );
}

/** How much is kept, where anything was ever to be; what was not kept is never silent. */
function Kept({ figures: { kept, notKept, lastNotKeptAt } }: { figures: ReplyOf<'/api/projects/{id}/contributions', 'get'> }) {
  const lost = ([[notKept.tooMany, 'because too many waited'], [notKept.tooLarge, 'because they were too large'], [notKept.failed, 'because the database refused']] as const).filter(([calls]) => calls !== '0');
  if (kept === 0 && lost.length === 0) return null;
  return (
    <p className="small">
      {plural(kept, 'call')} {kept === 1 ? 'is' : 'are'} kept now.
      {lost.length === 0 ? null : <> <State tone="warn">Not kept</State> {lost.map(([calls, why]) => `${count(calls)} ${why}`).join(', ')}; the last <Ago at={lastNotKeptAt} />.</>}
    </p>
  );
}

function Standing({ consent }: { consent: Consent }) {
  switch (consent.state) {
    case 'none': return <><State tone="idle">No</State> Its calls have the standard price, and nothing of them is used.</>;
    case 'given': return <><State tone="good">Yes</State> {consent.givenBy} agreed to text {consent.textVersion} on {consent.givenAt === null ? null : <When at={consent.givenAt} />}. Its calls have the contributor price.</>;
    case 'withdrawn': return <><State tone="idle">No longer</State> {consent.withdrawnBy} withdrew on {consent.withdrawnAt === null ? null : <When at={consent.withdrawnAt} />}; what was kept is deleted.</>;
  }
}
