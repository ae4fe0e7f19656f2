import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration, plural } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { Ago } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { SettingsPage } from './frame.tsx';
import { HookDialog } from './hook-dialog.tsx';
import { NewHook } from './hook-new.tsx';
import { STAGES } from './stages.ts';

type Hook = Schemas['Hook'];

/** Who is asked about calls, and do they answer? */
export function HooksPage() {
  const query = useQuery(queries.hooks);
  const projects = useQuery(queries.projects).data?.items ?? [];
  const whyNot = useWhyNot('webhooks.write');
  const [open, setOpen] = useState<string>();
  const rows = query.data?.items;
  const shown = rows?.find(({ id }) => id === open);
  const now = useNow();
  const lead = rows ? hooksLead(rows, now) : query.error ? 'The hooks could not be read.' : 'Reading the hooks…';
  const holder = (projectId: string | null): string => (projectId === null ? 'Every project' : (projects.find(({ id }) => id === projectId)?.name ?? 'A project'));
  return (
    <SettingsPage title="Hooks" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Add a hook</Button>}>
      <Show query={query} bones={<TableBones rows={3} columns={6} />}>
        {({ items }) => (items.length === 0 ? (
          <Empty title="Nothing is asked about calls" command={commands.hookAdd('guard', 'https://hooks.example.com/check', { deadlineMs: '300', onFailure: 'closed', stage: 'request' })} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Add the first hook</Button>}>
            <p>A hook is an address of yours that is asked about each call before it goes on, about its reply, or both. It may let it go, block it, change it, or note a label beside it.</p>
          </Empty>
        ) : (
          <Table label="Hooks" rows={items} rowKey={({ id }) => id} onRow={({ id }) => setOpen(id)} columns={[
            { id: 'name', compare: byText(({ name }) => name), header: 'Name', narrow: 'title', cell: ({ name }) => <span className="clip">{name}</span> },
            { id: 'state', compare: byText(({ enabled }) => String(enabled)), header: 'State', narrow: 'side', width: '9rem', cell: (hook) => <HookState hook={hook} now={now} /> },
            { id: 'stage', compare: byText(({ stage }) => stage), header: 'Asked about', narrow: 'sub', width: '12rem', cell: ({ stage }) => STAGES[stage] },
            { id: 'of', compare: byText(({ projectId }) => holder(projectId)), header: 'Calls of', narrow: 'hidden', cell: ({ projectId }) => <span className="clip">{holder(projectId)}</span> },
            { id: 'deadline', compare: byNumber(({ deadlineMs }) => deadlineMs), header: 'Deadline', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ deadlineMs }) => <span className="num">{duration(deadlineMs)}</span> },
            { id: 'failure', compare: byText(({ onFailure }) => onFailure), header: 'When it fails', narrow: 'hidden', width: '11rem', cell: ({ onFailure }) => (onFailure === 'closed' ? 'the call ends' : 'the call goes on') },
            { id: 'asked', compare: byNumber(({ asked }) => asked), header: 'Asked', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ asked }) => <span className="num">{count(asked)}</span> },
            { id: 'failed', compare: byNumber(({ failed }) => failed), header: 'Failed', numeric: true, narrow: 'sub', width: '7rem', cell: ({ failed }) => <span className="num">{count(failed)}<span className="narrow-only"> failed</span></span> },
          ]} />
        ))}
      </Show>
      <SameInTerminal line={commands.hooks} />
      {open === 'new' ? <NewHook projects={projects} onClose={() => setOpen(undefined)} /> : shown ? <HookDialog hook={shown} holder={holder(shown.projectId)} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

/** Failing is what happened within the last hour: an older failure is history. */
const HOUR = 3_600_000;
const failsNow = ({ enabled, lastFailedAt }: Hook, now: number): boolean => enabled && lastFailedAt !== null && now - Date.parse(lastFailedAt) < HOUR;

function hooksLead(rows: readonly Hook[], now: number): React.ReactNode {
  const on = rows.filter(({ enabled }) => enabled);
  if (rows.length === 0) return 'No call is asked about.';
  if (on.length === 0) return `No call is asked about: ${rows.length === 1 ? 'the hook is' : `all ${count(rows.length)} hooks are`} switched off.`;
  const failing = on.filter((hook) => failsNow(hook, now)).toSorted((a, b) => (a.lastFailedAt! < b.lastFailedAt! ? 1 : -1))[0];
  if (failing) return <>{failing.name} failed <Ago at={failing.lastFailedAt} />: {failing.lastProblem}.</>;
  return `${plural(on.length, 'hook')} ${on.length === 1 ? 'is' : 'are'} asked about calls, and none failed in the last hour.`;
}

function HookState({ hook, now }: { hook: Hook; now: number }) {
  if (!hook.enabled) return <State tone="idle">Switched off</State>;
  return failsNow(hook, now) ? <State tone="warn" title={hook.lastProblem ?? undefined}>Failed lately</State> : <State tone="good">On</State>;
}
