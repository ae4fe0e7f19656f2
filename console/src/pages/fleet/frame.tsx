import type { ReactNode } from 'react';
import { FLEET_TABS } from '../../shell/pages.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';

/** A page under Fleet, with the tabs beside it. */
export function FleetPage({ title, lead, busy, actions, children }: { title: string; lead: ReactNode; busy: boolean; actions?: ReactNode; children: ReactNode }) {
  return <Page title={title} lead={lead} busy={busy} actions={actions} up={{ to: '/fleet/nodes', title: 'Fleet' }} tabs={<Tabs label="Fleet" items={FLEET_TABS} />}>{children}</Page>;
}
