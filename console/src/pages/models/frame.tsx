import type { ReactNode } from 'react';
import { MODEL_TABS } from '../../shell/pages.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';

/** A page under Models, with the tabs beside it. */
export function ModelPage({ title, lead, busy, actions, children }: { title: string; lead: ReactNode; busy: boolean; actions?: ReactNode; children: ReactNode }) {
  return <Page title={title} lead={lead} busy={busy} actions={actions} up={{ to: '/models/requests', title: 'Models' }} tabs={<Tabs label="Models" items={MODEL_TABS} />}>{children}</Page>;
}
