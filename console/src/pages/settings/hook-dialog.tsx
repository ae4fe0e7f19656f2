import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { ReplyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration } from '../../lib/format.ts';
import { Ago } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { RotateDialog } from './rotate.tsx';
import { STAGES } from './stages.ts';

type Hook = Schemas['Hook'];
/** The newest ones; the CLI lists more. */
const SHOWN = 5;
type Tries = ReplyOf<'/api/hooks/{id}/test', 'post'>['tries'];
const ANSWERS = { allow: 'it lets the call go on', block: 'it blocks the call', replace: 'it puts another in its place' } as const;

/** One hook: what it is asked, how it does, and what it says to a call that nobody made. */
export function HookDialog({ hook, holder, whyNot, onClose }: { hook: Hook; holder: string; whyNot: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [mode, setMode] = useState<'show' | 'rotate' | 'remove'>('show');
  const [tries, setTries] = useState<Tries>();
  const path = { id: hook.id };
  const failures = useQuery(queries.hookFailures(hook.id));
  const test = useAction(() => api.post('/api/hooks/{id}/test', { path, body: {} }), []);
  const change = useAction((body: { enabled?: boolean; onFailure?: Hook['onFailure'] }) => api.patch('/api/hooks/{id}', { path, body }), ['hooks', 'events']);
  if (mode === 'rotate') return <RotateDialog name={hook.name} command={commands.hookRotate(hook.id)} rotate={() => api.post('/api/hooks/{id}/rotate', { path, body: {} })} onClose={onClose} />;
  if (mode === 'remove') {
    return (
      <ConfirmDialog title={`Remove ${hook.name}?`} name={hook.name} action="Remove the hook" command={commands.hookRemove(hook.id)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/hooks/{id}', { path });
          await client.invalidateQueries({ queryKey: ['hooks'] });
          announce(`${hook.name} is removed`);
        }}>
        <p>Calls go on without it, within a second and everywhere.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={hook.name} onClose={onClose} wide>
      <div className="form">
        <Facts items={[
          ['State', hook.enabled ? <State key="state" tone="good">On</State> : <State key="state" tone="idle">Switched off</State>],
          ['Address', <code key="url" className="break">{hook.url}</code>],
          ['Asked about', `${STAGES[hook.stage].toLowerCase()} of ${holder === 'Every project' ? 'every project' : holder}`],
          ['Deadline', duration(hook.deadlineMs)],
          ['When it fails', hook.onFailure === 'closed' ? 'the call ends with hook_failed' : 'the call goes on as if it had not been asked'],
          ['Asked', `${count(hook.asked)} times; ${hook.failed === '0' ? 'it never failed' : `it failed ${hook.failed === '1' ? 'once' : `${count(hook.failed)} times`}`}`],
          ['Made', <Ago key="made" at={hook.createdAt} />],
        ]} />
        {tries?.map(({ stage, action, problem, ms }) => (
          <p key={stage} className="verify-lead" role="status"><State tone={action === null ? 'bad' : 'good'}>{action === null ? 'It failed' : 'It answers'}</State> {STAGES[stage]}: {action === null ? problem : ANSWERS[action]}, {duration(ms)}.</p>
        ))}
        {test.error ? <ErrorNotice error={test.error} /> : null}
        {change.error ? <ErrorNotice error={change.error} /> : null}
        <h3>When did it fail?</h3>
        <Show query={failures} bones={<TableBones rows={2} columns={3} />}>
          {({ items }) => (items.length === 0 ? <p className="small muted">It has not failed.</p> : (
            <Table label={`Failures of ${hook.name}`} rows={items.slice(0, SHOWN)} rowKey={({ id }) => id} columns={[
              { id: 'at', header: 'When', narrow: 'sub', width: '8rem', cell: ({ at }) => <Ago at={at} /> },
              { id: 'problem', header: 'Why', narrow: 'title', cell: ({ problem }) => problem },
              { id: 'stage', header: 'Asked about', narrow: 'hidden', width: '8rem', cell: ({ stage }) => STAGES[stage] },
              { id: 'call', header: 'Call', narrow: 'side', width: '9rem', cell: ({ callId }) => <Link to={`/models/requests/${callId}`} className="mono">{callId.slice(0, 8)}…</Link> },
            ]} />
          ))}
        </Show>
        {(failures.data?.items.length ?? 0) > SHOWN ? <SameInTerminal line={commands.hookFailures(hook.id)} /> : null}
        {whyNot === undefined ? null : <p className="small muted">{whyNot}</p>}
        <div className="row end">
          {whyNot === undefined ? (
            <>
              <Button kind="danger" onClick={() => setMode('remove')}>Remove</Button>
              <Button onClick={() => setMode('rotate')}>New secret</Button>
              <Button busy={change.busy} onClick={() => void change.run({ onFailure: hook.onFailure === 'closed' ? 'open' : 'closed' })}>{hook.onFailure === 'closed' ? 'Let calls go on when it fails' : 'End calls when it fails'}</Button>
              <Button busy={change.busy} onClick={() => void change.run({ enabled: !hook.enabled })}>{hook.enabled ? 'Switch off' : 'Switch on'}</Button>
            </>
          ) : null}
          <span className="grow" />
          <Button kind="primary" busy={test.busy} why={whyNot} onClick={() => void test.run().then((done) => setTries(done?.tries))}>{test.busy ? 'Asking it…' : 'Try it now'}</Button>
        </div>
        <SameInTerminal line={commands.hookTest(hook.id)} />
      </div>
    </Dialog>
  );
}
