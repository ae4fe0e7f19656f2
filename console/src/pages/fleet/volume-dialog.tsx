import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { Money, When } from '../../ui/amount.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { announce } from '../../ui/toasts.tsx';
import { sizeText } from './inventory.ts';

type Volume = Schemas['Volume'];

/** One volume: where it lies and how long, and what may be done about it. */
export function VolumeDialog({ volume, machine, project, onClose }: { volume: Volume; machine: string; project: string; onClose: () => void }) {
  const [days, setDays] = useState(String(volume.days));
  const [removing, setRemoving] = useState(false);
  const whyNot = useWhyNot('leases.write');
  const busy = volume.state === 'new' || volume.state === 'in-use' ? 'A lease has it: end the lease first.' : undefined;
  const going = volume.state === 'removing' ? 'It is being deleted.' : undefined;
  const blocked = whyNot ?? busy ?? going;
  const extend = useAction(async () => {
    if (!/^\d{1,3}$/.test(days.trim()) || Number(days) < 1 || Number(days) > 365) throw new ApiError(0, { code: 'invalid_request', message: `“${days}” is not a number of days from 1 to 365.`, next: 'Correct the field and try again.' });
    return api.patch('/api/volumes/{id}', { path: { id: volume.id }, body: { days: Number(days) } });
  }, ['volumes', 'events']);
  if (removing) return <DeleteVolume volume={volume} machine={machine} onClose={onClose} />;
  return (
    <Dialog title={`The volume ${volume.name}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if ((whyNot ?? going) === undefined) void extend.run().then((done) => {
          if (!done) return;
          announce(`${done.name} is kept longer`);
          onClose();
        });
      }}>
        <Facts items={[
          ['Project', project], ['Lies on', machine], ['Last lease', volume.lastLease === null ? 'not known' : <Link key="lease" to={`/fleet/leases/${volume.lastLease.id}`}>{volume.lastLease.name}</Link>],
          ['Holds', contentOf(volume)], ['Kept by', volume.madeBy], ['Kept until', volume.expiresAt === null ? `${plural(volume.days, 'day')} after its lease` : <When key="until" at={volume.expiresAt} />],
          ['Costs', volume.cost === null ? 'nothing: there is no price for volumes' : <span key="cost">{volume.cost.perMonth === null ? 'nothing from now on' : <><Money pico={volume.cost.perMonth} currency={volume.cost.currency} /> a month of 30 days</>}; <Money pico={volume.cost.soFar} currency={volume.cost.currency} /> so far</span>],
          ...(volume.reason === null ? [] : [['Because', volume.reason] as const]),
        ]} />
        <Field label="Keep it for days from now" hint="1 to 365. While a lease has it, the days begin at the end of the lease.">{(field) => <input {...field} inputMode="numeric" className="num" value={days} onChange={(event) => setDays(event.target.value)} />}</Field>
        {extend.error ? <ErrorNotice error={extend.error} /> : null}
        <div className="row end">
          <Button kind="danger" why={blocked} onClick={() => setRemoving(true)}>Delete</Button><span className="grow" />
          {blocked === undefined ? <ButtonLink to="/fleet/leases/new" search={{ volume: volume.name, project: volume.projectId }}>Lease with it</ButtonLink> : <Button aria-disabled title={blocked}>Lease with it</Button>}
          <Button kind="primary" type="submit" busy={extend.busy} why={whyNot ?? going}>Keep it</Button>
        </div>
        <SameInTerminal line={commands.volumeExtend(volume.name, days)} />
      </form>
    </Dialog>
  );
}

function DeleteVolume({ volume, machine, onClose }: { volume: Volume; machine: string; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <ConfirmDialog title={`Delete the volume ${volume.name}?`} name={volume.name} action="Delete the volume" command={commands.volumeDelete(volume.name)} onClose={onClose}
      onConfirm={async () => {
        await api.delete('/api/volumes/{id}', { path: { id: volume.id } });
        await client.invalidateQueries({ queryKey: ['volumes'] });
        announce(`${volume.name} is deleted`);
      }}>
      <p>{contentOf(volume) === 'not counted yet' ? 'All that is in it' : contentOf(volume)}, kept on {machine}{volume.lastLease === null ? '' : ` from the lease ${volume.lastLease.name}`}, is lost. This cannot be undone. Where its machine is out of reach, it goes when that is back.</p>
    </ConfirmDialog>
  );
}

/** How much is in a volume, in words. */
function contentOf({ files, bytes }: Volume): string {
  return files === null || bytes === null ? 'not counted yet' : `${files === '1' ? 'one file' : `${count(files)} files`}, ${sizeText(Number(bytes))}`;
}
