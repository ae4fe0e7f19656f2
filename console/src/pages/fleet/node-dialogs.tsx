import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { announce } from '../../ui/toasts.tsx';
import type { Node } from './states.ts';

export type Verb = 'cordon' | 'uncordon' | 'drain' | 'maintain' | 'remove';
interface Words {
  readonly title: (name: string) => string;
  readonly about: string;
  readonly act: string;
  readonly done: (name: string) => string;
}
const VERBS: Readonly<Record<Verb, Words>> = {
  cordon: { title: (name) => `Cordon ${name}?`, about: 'Nothing new is placed on it. What is there stays.', act: 'Cordon it', done: (name) => `${name} is cordoned` },
  uncordon: { title: (name) => `Let ${name} serve?`, about: 'Work is placed on it again.', act: 'Let it serve', done: (name) => `${name} serves again` },
  drain: { title: (name) => `Drain ${name}?`, about: 'Nothing new is placed on it, and what is there is let end. Its people are told.', act: 'Drain it', done: (name) => `${name} is draining` },
  maintain: { title: (name) => `Take ${name} out for maintenance?`, about: 'It is drained and kept out until you let it serve again.', act: 'Take it out', done: (name) => `${name} goes into maintenance` },
  remove: { title: (name) => `Remove ${name}?`, about: 'Its identity ends: the agent is refused from then on, and only a new pasted line brings it back. This cannot be undone.', act: 'Remove the node', done: (name) => `${name} is removed` },
};
/** How long what runs may go on, as the CLI writes it; empty: as promised. */
const GRACES: readonly (readonly [string, number | null, string])[] = [['', null, 'When they were promised to'], ['0s', 0, 'At once, by force'], ['30m', 1_800, 'After 30 minutes, by force'], ['2h', 7_200, 'After 2 hours, by force'], ['24h', 86_400, 'After a day, by force']];

/** Steers a node, with a reason that its people read. */
export function SteerDialog({ node, verb, onClose }: { node: Node; verb: Verb; onClose: () => void }) {
  const words = VERBS[verb];
  const [reason, setReason] = useState('');
  const [grace, setGrace] = useState('');
  const [typed, setTyped] = useState('');
  const ends = verb === 'drain' || verb === 'maintain' || verb === 'remove';
  const why = verb === 'remove' && typed.trim() !== node.name ? `Type ${node.name} to allow it.` : undefined;
  const path = { id: node.id };
  const graceSeconds = ends ? GRACES.find(([name]) => name === grace)?.[1] ?? null : null;
  const steer = useAction(async () => {
    // Without a deadline a node is removed only where nothing is on it; with one it is drained first.
    if (verb === 'remove' && graceSeconds === null) await api.delete('/api/nodes/{id}', { path });
    else await api.post('/api/nodes/{id}/wanted', { path, body: { what: verb === 'uncordon' ? 'serve' : verb, reason: reason.trim() === '' ? null : reason.trim(), graceSeconds } });
    return true;
  }, ['nodes', 'leases', 'events']);
  return (
    <Dialog title={words.title(node.name)} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (why === undefined) void steer.run().then((done) => {
          if (!done) return;
          announce(words.done(node.name));
          onClose();
        });
      }}>
        <p>{words.about}</p>
        {verb === 'remove' && grace === '' ? null : <Field label="Reason" hint="It stands in the audit trail, and the people of its leases read it.">{(field) => <input {...field} maxLength={300} value={reason} onChange={(event) => setReason(event.target.value)} />}</Field>}
        {ends ? <Field label="Leases on it end" hint={grace === '' ? undefined : 'What is in a lease then is lost.'}>{(field) => <select {...field} value={grace} onChange={(event) => setGrace(event.target.value)}>{GRACES.map(([name, , title]) => <option key={name} value={name}>{name === '' && verb === 'remove' ? 'By themselves: refused while one is on it' : title}</option>)}</select>}</Field> : null}
        {verb === 'remove' ? <Field label={<>Type <code>{node.name}</code> to confirm</>}>{(field) => <input {...field} autoComplete="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.target.value)} />}</Field> : null}
        {steer.error ? <ErrorNotice error={steer.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind={verb === 'remove' ? 'danger' : 'primary'} type="submit" busy={steer.busy} aria-disabled={why !== undefined || undefined} title={why}>{words.act}</Button></div>
        <SameInTerminal line={commands.nodeSteer(verb, node.name, { reason: verb === 'remove' && grace === '' ? '' : reason, grace: ends ? grace : '' })} />
      </form>
    </Dialog>
  );
}

/** Says that the machine is what it says it is. */
export function ApproveDialog({ node, onClose }: { node: Node; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <ConfirmDialog title={`Is ${node.name} what it says it is?`} action="Approve it" command={commands.nodeApprove(node.name)} onClose={onClose} onConfirm={async () => {
      await api.post('/api/nodes/{id}/approve', { path: { id: node.id } });
      await client.invalidateQueries({ queryKey: ['nodes'] });
      announce(`${node.name} is approved`);
    }}>
      <p>What it says now is kept as approved, and from then on work of other organisations may be placed on it where its pool is open to them. {node.changed.length === 0 ? '' : `Since the last time it says another ${node.changed.join(', ')}.`}</p>
    </ConfirmDialog>
  );
}
