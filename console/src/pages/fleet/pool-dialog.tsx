import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { BodyOf } from '../../api/client.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { announce } from '../../ui/toasts.tsx';
import { changesOf, fieldsOf, lineOf, type PoolFields } from './pool-terms.ts';
import type { Pool } from './states.ts';

type Terms = NonNullable<BodyOf<'/api/pools/{id}', 'patch'>>;

/** The terms of a pool of one's own: who may lease from it, at which price, and what its leases reach. */
export function PoolDialog({ pool, onClose }: { pool: Pool; onClose: () => void }) {
  const [fields, setFields] = useState<PoolFields>(() => fieldsOf(pool));
  const denied = useWhyNot('pools.write');
  const whyNot = pool.own ? denied : 'It is the operator\'s pool: the operator sets its terms.';
  const read = changesOf(fields, pool);
  const set = (next: Partial<PoolFields>): void => setFields((before) => ({ ...before, ...next }));
  const save = useAction(async () => {
    if ('fault' in read) throw new ApiError(0, { code: 'invalid_request', message: read.fault, next: 'Correct the field and try again.' });
    const terms: Terms = read.terms;
    return pool.id === null ? api.post('/api/pools', { body: { name: pool.name, ...terms } }) : api.patch('/api/pools/{id}', { path: { id: pool.id }, body: terms });
  }, ['pools', 'events']);
  const remove = useAction(async () => {
    if (pool.id !== null) await api.delete('/api/pools/{id}', { path: { id: pool.id } });
    return true;
  }, ['pools', 'events']);
  const error = save.error ?? remove.error;
  // One that machines are in is there without terms, too.
  const removable = pool.own && pool.id !== null && pool.machines.all === 0;
  const text = (name: 'resource' | 'idleHours' | 'allow' | 'resolvers' | 'ranksNetwork' | 'cpus' | 'memoryMb' | 'processes' | 'diskMb', label: string, hint?: string, placeholder?: string) => (
    <Field label={label} hint={hint}>{(field) => <input {...field} placeholder={placeholder} autoComplete="off" spellCheck={false} value={fields[name]} onChange={(event) => set({ [name]: event.target.value })} />}</Field>
  );
  return (
    <Dialog title={`Terms of the pool ${pool.name}`} onClose={onClose} wide>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined) void save.run().then((done) => {
          if (!done) return;
          announce(`The terms of ${pool.name} are set`);
          onClose();
        });
      }}>
        <p>They hold for new leases; those that run keep theirs.</p>
        <div className="pair">
          <Field label="Open to">{(field) => <select {...field} value={fields.openTo} onChange={(event) => set({ openTo: event.target.value as Pool['openTo'] })}><option value="own">This organisation</option><option value="all">All, where its machines are approved</option></select>}</Field>
          <Field label="A day at least is paid" hint="Of Macs alone.">{(field) => <select {...field} value={fields.leastDay} onChange={(event) => set({ leastDay: event.target.value as Pool['leastDay'] })}><option value="others">By other organisations</option><option value="always">By everybody</option><option value="never">By nobody</option></select>}</Field>
        </div>
        <div className="pair">
          {text('resource', 'Priced by', 'Empty: by what its machines are.', 'gpu/h100-80gb')}
          {text('idleHours', 'Tell of a lease that is idle, hours', 'Empty: nobody is told.', '4')}
        </div>
        <div className="pair">
          <Field label="Its leases reach">{(field) => <select {...field} value={fields.network} onChange={(event) => set({ network: event.target.value as Pool['network'] })}><option value="internet">The internet</option><option value="none">Themselves alone</option></select>}</Field>
          {text('resolvers', 'They ask for names', 'Addresses, by commas. Empty: whom their machine asks.', '10.0.0.2')}
        </div>
        {text('allow', 'And these private ranges', 'By commas. What is private, or of this server, is closed to them otherwise.', '10.1.0.0/16, 10.2.0.5')}
        {text('ranksNetwork', 'Machines of one job talk directly over', 'The IPv4 range in which these machines reach each other, by UDP port 4609. What they say is not encrypted: whoever sits on that network can read and change it. Empty: through this server, by TCP alone.', '10.0.0.0/16')}
        <div className="pair">{text('cpus', 'Cores for each unit', 'A unit is a GPU, a slice or a whole machine. Empty: its share of the machine.')}{text('memoryMb', 'Memory for each, MB')}</div>
        <div className="pair">{text('processes', 'Processes for each')}{text('diskMb', 'Disk for each, MB')}</div>
        <label className="check"><input type="checkbox" checked={fields.record} onChange={(event) => set({ record: event.target.checked })} />Record the sessions of all its leases; whoever enters is told</label>
        {error ? <ErrorNotice error={error} /> : null}
        <div className="row end">
          {removable ? <><Button kind="danger" busy={remove.busy} why={whyNot} onClick={() => void remove.run().then((done) => {
            if (!done) return;
            announce(`The pool ${pool.name} is removed`);
            onClose();
          })}>Remove the pool</Button><span className="grow" /></> : null}
          <Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy} why={whyNot ?? ('fault' in read ? read.fault : undefined)}>Set the terms</Button>
        </div>
        {'fault' in read ? null : <SameInTerminal line={commands.poolSet(pool.name, lineOf(read.terms))} />}
      </form>
    </Dialog>
  );
}
