import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Server } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { duration } from '../../lib/format.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';

const WORKS_FOR_MS = 15 * 60_000;
type Made = ReplyOf<'/api/nodes', 'post'>;

export function NewNodePage() {
  const [made, setMade] = useState<Made>();
  return (
    <Page title="Add a node" up={{ to: '/fleet/nodes', title: 'Fleet' }} lead={made ? 'Paste this line on the machine, as root.' : 'One pasted line makes a machine a node.'}>
      {made ? <Line made={made} onAnother={() => setMade(undefined)} /> : <NodeForm onMade={setMade} />}
    </Page>
  );
}

function NodeForm({ onMade }: { onMade: (made: Made) => void }) {
  const whyNot = useWhyNot('nodes.write');
  const [name, setName] = useState('');
  const [pool, setPool] = useState('default');
  const add = useAction(() => api.post('/api/nodes', { body: { pool: pool.trim() === '' ? 'default' : pool.trim(), name: name.trim() === '' ? null : name.trim() } }), ['nodes', 'events']);
  const wrong = (param: string): string | undefined => (add.error?.param === param ? add.error.message : undefined);
  return (
    <form className="form sheet" onSubmit={(event) => {
      event.preventDefault();
      if (whyNot === undefined) void add.run().then((made) => made && onMade(made));
    }}>
      <Field label="Name" hint="Letters, digits and dashes. Empty: the machine's own name." error={wrong('name')}>{(field) => <input {...field} autoFocus maxLength={63} placeholder="gpu-1" value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label="Pool" hint="Nodes of one pool are leased by the same terms." error={wrong('pool')}>{(field) => <input {...field} maxLength={63} value={pool} onChange={(event) => setPool(event.target.value)} />}</Field>
      {add.error && wrong('name') === undefined && wrong('pool') === undefined ? <ErrorNotice error={add.error} /> : null}
      <div className="row"><Button kind="primary" type="submit" busy={add.busy} why={whyNot}>Make the line</Button><ButtonLink to="/fleet/nodes" kind="quiet">Back to the nodes</ButtonLink></div>
      <SameInTerminal line={commands.nodeAdd(name, pool === '' ? 'default' : pool)} />
    </form>
  );
}

function Line({ made, onAnother }: { made: Made; onAnother: () => void }) {
  const left = Date.parse(made.expiresAt) - useNow(1_000);
  // A line does not say which node it made; one that came since, in its pool, is shown as the likely one.
  const arrived = useQuery(queries.nodes).data?.items.find(({ pool, createdAt }) => pool === made.pool && Date.parse(createdAt) >= Date.parse(made.expiresAt) - WORKS_FOR_MS);
  return (
    <div className="form sheet">
      <div className="secret">
        <p className="notice-title"><Server size={16} aria-hidden /> The line to paste</p>
        <p className="muted">Copy it now: it holds a token that is shown this once and works once.</p>
        <div className="command"><code>{made.line}</code><CopyButton text={made.line} label="the line" /></div>
        <p role="timer">{left > 0 ? <>It works for another <span className="num">{duration(left)}</span>.</> : 'It has expired. Make another.'}</p>
      </div>
      {arrived ? <p role="status">A new node is here: <Link to={`/fleet/nodes/${arrived.id}`}>{arrived.name}</Link>.</p> : <p className="muted">The machine checks this server's key before it sends anything, installs the agent, and appears among the nodes some seconds later. Approve it there before others may use it.</p>}
      <div className="row"><ButtonLink to="/fleet/nodes" kind="primary">See the nodes</ButtonLink><Button onClick={onAnother}>Make another line</Button></div>
    </div>
  );
}
