import type { ReactNode } from 'react';
import { MONEY_TABS } from '../../shell/pages.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';

/** A page under Money, with the tabs beside it. */
export function MoneyPage({ title, lead, busy, actions, children }: { title: string; lead: ReactNode; busy: boolean; actions?: ReactNode; children: ReactNode }) {
  return <Page title={title} lead={lead} busy={busy} actions={actions} up={{ to: '/money/bill', title: 'Money' }} tabs={<Tabs label="Money" items={MONEY_TABS} />}>{children}</Page>;
}
