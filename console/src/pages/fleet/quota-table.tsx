import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { count } from '../../lib/format.ts';
import { Money } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Section } from '../../ui/page.tsx';
import { Table } from '../../ui/table.tsx';
import { QuotaDialog, type Quota } from './quota-dialog.tsx';

/** Who may have how much at a time. */
export function Quotas() {
  const quotas = useQuery(queries.quotas).data?.items ?? [];
  const whyNot = useWhyNot('pools.write');
  const [open, setOpen] = useState<Quota | 'new'>();
  const figure = (value: number | null) => (value === null ? <span className="muted">–</span> : <span className="num">{count(value)}</span>);
  return (
    <Section title="How much may each have?" note="Checked in the step that gives machines away. What a quota leaves out has no limit." actions={<Button why={whyNot} onClick={() => setOpen('new')}>Set a quota</Button>}>
      {quotas.length === 0 ? <p className="muted">There is no quota: each project may have all that is free.</p> : <Table label="Quotas" rows={quotas} rowKey={({ id }) => id} onRow={setOpen} columns={[
        { id: 'of', header: 'Quota of', narrow: 'title', cell: ({ scope, byOperator }) => <>{scope.kind === 'project' ? scope.name : 'The organisation'}{byOperator ? <span className="muted beside"> set by the operator</span> : null}</> },
        { id: 'machines', header: 'Machines', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ nodes }) => figure(nodes) },
        { id: 'gpus', header: 'GPUs', numeric: true, narrow: 'side', width: '6rem', cell: ({ gpus }) => <>{figure(gpus)}<span className="narrow-only"> GPUs</span></> },
        { id: 'leases', header: 'Leases', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ leases }) => figure(leases) },
        { id: 'spend', header: 'Providers a month', numeric: true, narrow: 'sub', width: '11rem', cell: ({ spend }) => <><span className="narrow-only muted">at providers </span>{spend === null ? <><span className="muted wide-only">–</span><span className="narrow-only muted">no limit</span></> : <><Money pico={spend.amount} currency={spend.currency} /><span className="narrow-only"> a month</span></>}</> },
      ]} />}
      {open === undefined ? null : <QuotaDialog quota={open === 'new' ? undefined : open} onClose={() => setOpen(undefined)} />}
      <SameInTerminal line={commands.quotas} />
    </Section>
  );
}
