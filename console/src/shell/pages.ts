import { BookText, Boxes, CircleGauge, KeyRound, MessageSquareText, Settings, Wallet } from 'lucide-react';

/** The entries of the rail, in its order; a new room adds its line here. */
export const RAIL = [
  { to: '/', title: 'Overview', icon: CircleGauge, group: 'main' },
  { to: '/playground', title: 'Playground', icon: MessageSquareText, group: 'main' },
  { to: '/models', title: 'Models', icon: Boxes, group: 'main' },
  { to: '/money', title: 'Money', icon: Wallet, group: 'main' },
  { to: '/keys', title: 'Keys', icon: KeyRound, group: 'house' },
  { to: '/settings', title: 'Settings', icon: Settings, group: 'house' },
] as const;

/** What is asked about models and the calls to them. */
export const MODEL_TABS = [
  ['/models/requests', 'Requests'], ['/models/latency', 'Latency'], ['/models/feedback', 'Feedback'],
] as const;

export const MONEY_TABS = [
  ['/money/bill', 'Bill'], ['/money/spend', 'Spend'], ['/money/budgets', 'Budgets'], ['/money/limits', 'Limits'], ['/money/prices', 'Prices'], ['/money/invoices', 'Invoices'], ['/money/credits', 'Credits'],
] as const;

export const SETTINGS_TABS = [
  ['/settings/organisation', 'Organisation'], ['/settings/members', 'Members'], ['/settings/service-accounts', 'Service accounts'],
  ['/settings/models', 'Models'], ['/settings/backends', 'Backends'], ['/settings/hooks', 'Hooks'], ['/settings/webhooks', 'Webhooks'], ['/settings/feeds', 'Usage feeds'], ['/settings/trail', 'Audit trail'],
] as const;

/** Everything that ⌘K opens by name. */
export const PLACES = [
  ...RAIL.filter(({ to }) => to !== '/models' && to !== '/money' && to !== '/settings').map(({ to, title, icon }) => ({ to, title, icon })),
  ...MODEL_TABS.map(([to, title]) => ({ to, title: `Models: ${title}`, icon: Boxes })),
  ...MONEY_TABS.map(([to, title]) => ({ to, title: `Money: ${title}`, icon: Wallet })),
  { to: '/keys/new', title: 'Make a key', icon: KeyRound },
  ...SETTINGS_TABS.map(([to, title]) => ({ to, title: `Settings: ${title}`, icon: to.endsWith('trail') ? BookText : Settings })),
];
