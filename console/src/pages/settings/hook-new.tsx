import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Secret } from '../../ui/secret.tsx';
import { STAGES } from './stages.ts';

type Hook = Schemas['Hook'];
const CHOICES = ['request', 'reply', 'both'] as const;

export function NewHook({ projects, onClose }: { projects: readonly Schemas['Project'][]; onClose: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [project, setProject] = useState('');
  const [stage, setStage] = useState<Hook['stage']>('request');
  const [deadline, setDeadline] = useState('1000');
  const [onFailure, setOnFailure] = useState<Hook['onFailure']>('closed');
  const [made, setMade] = useState<{ readonly hook: Hook; readonly secret: string }>();
  const create = useAction(() => api.post('/api/hooks', { body: { name: name.trim(), url: url.trim(), projectId: project === '' ? null : project, stage, deadlineMs: Number(deadline), onFailure, enabled: true } }), ['hooks', 'events']);
  const wrong = (param: string): string | undefined => (create.error?.param === param ? `${create.error.message} ${create.error.next}` : undefined);
  if (made) {
    return (
      <Dialog title={`${made.hook.name} is asked from now on`} onClose={onClose}>
        <div className="form">
          <Secret title="Its signing secret" secret={made.secret} sealed />
          <p className="small">Each question is signed by it, as webhooks are (Standard Webhooks). Try the hook from its row once your address knows it.</p>
          <div className="row end"><Button kind="primary" onClick={onClose}>Done</Button></div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Add a hook" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((done) => done && setMade(done));
      }}>
        <Field label="Name" hint="Callers read it where the hook blocks a call." error={wrong('name')}>{(field) => <input {...field} autoFocus required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label="Address" hint="Private ranges are opened in the operator’s file only." error={wrong('url')}>{(field) => <input {...field} type="url" required className="mono" placeholder="https://hooks.example.com/check" spellCheck={false} value={url} onChange={(event) => setUrl(event.target.value)} />}</Field>
        <div className="pair">
          <Field label="Asked about" hint={stage === 'request' ? undefined : 'Streams are held back until the hook has answered.'}>{(field) => <select {...field} value={stage} onChange={(event) => setStage(CHOICES.find((one) => one === event.target.value) ?? 'request')}>{CHOICES.map((one) => <option key={one} value={one}>{STAGES[one]}</option>)}</select>}</Field>
          <Field label="Calls of" error={wrong('projectId')}>{(field) => <select {...field} value={project} onChange={(event) => setProject(event.target.value)}><option value="">Every project</option>{projects.map(({ id, name: title }) => <option key={id} value={id}>{title}</option>)}</select>}</Field>
        </div>
        <div className="pair">
          <Field label="Deadline, milliseconds" hint="50 to 10,000. Every call waits for it." error={wrong('deadlineMs')}>{(field) => <input {...field} inputMode="numeric" className="num" value={deadline} onChange={(event) => setDeadline(event.target.value)} />}</Field>
          <Field label="When it fails">{(field) => <select {...field} value={onFailure} onChange={(event) => setOnFailure(event.target.value === 'open' ? 'open' : 'closed')}><option value="closed">the call ends (closed)</option><option value="open">the call goes on (open)</option></select>}</Field>
        </div>
        {create.error && ['name', 'url', 'projectId', 'deadlineMs'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Add the hook</Button></div>
        <SameInTerminal line={commands.hookAdd(name, url, { stage, deadlineMs: deadline, onFailure, project: projects.find(({ id }) => id === project)?.slug })} />
      </form>
    </Dialog>
  );
}
