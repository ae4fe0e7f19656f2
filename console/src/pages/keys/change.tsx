import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { BodyOf, ReplyOf } from '../../api/client.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall, commands } from '../../lib/commands.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Secret } from '../../ui/secret.tsx';
import { announce } from '../../ui/toasts.tsx';
import { ModelsField } from './models-field.tsx';
import type { Key } from './state.ts';

const OVERLAPS = [['0', 'Stops at once'], ['3600', 'Works for one more hour'], ['86400', 'Works for one more day'], ['604800', 'Works for one more week']] as const;

/** Makes a successor and shows its secret once. */
export function RotateKey({ shown, onClose, onDone }: { shown: Key; onClose: () => void; onDone: (successor: string) => void }) {
  const [overlap, setOverlap] = useState('86400');
  const [made, setMade] = useState<ReplyOf<'/api/keys/{id}/rotate', 'post'>>();
  const rotate = useAction(() => api.post('/api/keys/{id}/rotate', { path: { id: shown.id }, body: { overlapSeconds: Number(overlap) } }), ['keys', 'events']);
  if (made) {
    return (
      <Dialog title={`${shown.name} has a successor`} onClose={() => onDone(made.key.id)}>
        <div className="form"><Secret title="The secret of the new key" secret={made.secret} /><div className="row end"><Button kind="primary" onClick={() => onDone(made.key.id)}>I have copied it</Button></div></div>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Rotate ${shown.name}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void rotate.run().then((reply) => reply && setMade(reply));
      }}>
        <p>A new key with the same name, role, models and budget takes over. Nothing that uses the old one has to stop meanwhile.</p>
        <Field label="The old key">{(field) => <select {...field} value={overlap} onChange={(event) => setOverlap(event.target.value)}>{OVERLAPS.map(([value, title]) => <option key={value} value={value}>{title}</option>)}</select>}</Field>
        {rotate.error ? <ErrorNotice error={rotate.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={rotate.busy}>Make the new key</Button></div>
        <SameInTerminal line={commands.keyRotate(shown.id, overlap)} />
      </form>
    </Dialog>
  );
}

export function EditKey({ shown, onClose }: { shown: Key; onClose: () => void }) {
  const [name, setName] = useState(shown.name);
  const [models, setModels] = useState<readonly string[] | null>(shown.models);
  const [expires, setExpires] = useState(shown.expiresAt?.slice(0, 10) ?? '');
  const body: BodyOf<'/api/keys/{id}', 'patch'> = {
    name: name.trim(), models: models === null ? null : [...models],
    expiresAt: expires === '' ? null : expires === shown.expiresAt?.slice(0, 10) ? shown.expiresAt : `${expires}T00:00:00.000Z`,
  };
  const save = useAction(() => api.patch('/api/keys/{id}', { path: { id: shown.id }, body }), ['keys', 'events']);
  return (
    <Dialog title={`Change ${shown.name}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void save.run().then((reply) => {
          if (!reply) return;
          announce(`${reply.name} is changed`);
          onClose();
        });
      }}>
        <Field label="Name">{(field) => <input {...field} maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <ModelsField value={models} onChange={setModels} />
        <Field label="Works until" hint="The start of that day, UTC. Empty: until it is revoked.">{(field) => <input {...field} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />}</Field>
        {save.error ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy}>Save</Button></div>
        <SameInTerminal line={apiCall('PATCH', `/api/keys/${shown.id}`, body)} />
      </form>
    </Dialog>
  );
}
