import type { ReactNode } from 'react';
import { SETTINGS_TABS } from '../../shell/pages.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';

/** A page under Settings, with the tabs beside it. */
export function SettingsPage({ title, lead, busy, actions, children }: { title: string; lead: ReactNode; busy: boolean; actions?: ReactNode; children: ReactNode }) {
  return <Page title={title} lead={lead} busy={busy} actions={actions} up={{ to: '/settings/organisation', title: 'Settings' }} tabs={<Tabs label="Settings" items={SETTINGS_TABS} />}>{children}</Page>;
}

export type Role = 'owner' | 'admin' | 'developer' | 'viewer';
export const ROLES: readonly (readonly [Role, string])[] = [['viewer', 'viewer: reads only'], ['developer', 'developer: calls models, makes keys'], ['admin', 'admin: changes everything but owners'], ['owner', 'owner: everything']];

export function RoleSelect({ id, value, onChange, label, disabled }: { id?: string; value: Role; onChange: (role: Role) => void; label?: string; disabled?: boolean }) {
  return <select id={id} aria-label={label} disabled={disabled} value={value} onChange={(event) => onChange(ROLES.find(([role]) => role === event.target.value)?.[0] ?? value)}>{ROLES.map(([role, title]) => <option key={role} value={role}>{label === undefined ? title : role}</option>)}</select>;
}
