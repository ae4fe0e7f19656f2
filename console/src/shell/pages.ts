import { BookText, Boxes, CircleGauge, KeyRound, MessageSquareText, Server, Settings, Wallet } from 'lucide-react';

/** The entries of the rail, in its order; a new room adds its line here. */
export const RAIL = [
  { to: '/', title: 'Overview', icon: CircleGauge, group: 'main' },
  { to: '/playground', title: 'Playground', icon: MessageSquareText, group: 'main' },
  { to: '/models', title: 'Models', icon: Boxes, group: 'main' },
  { to: '/fleet', title: 'Fleet', icon: Server, group: 'main' },
  { to: '/money', title: 'Money', icon: Wallet, group: 'main' },
  { to: '/keys', title: 'Keys', icon: KeyRound, group: 'house' },
  { to: '/settings', title: 'Settings', icon: Settings, group: 'house' },
] as const;

/** What is asked about models and the calls to them. */
export const MODEL_TABS = [
  ['/models/requests', 'Requests'], ['/models/serving', 'Serving'], ['/models/latency', 'Latency'], ['/models/feedback', 'Feedback'],
] as const;

/** Machines, and who has them. */
export const FLEET_TABS = [['/fleet/nodes', 'Nodes'], ['/fleet/leases', 'Leases'], ['/fleet/volumes', 'Volumes'], ['/fleet/orders', 'Orders']] as const;

export const MONEY_TABS = [
  ['/money/bill', 'Bill'], ['/money/spend', 'Spend'], ['/money/budgets', 'Budgets'], ['/money/limits', 'Limits'], ['/money/prices', 'Prices'], ['/money/invoices', 'Invoices'], ['/money/credits', 'Credits'],
] as const;

export const SETTINGS_TABS = [
  ['/settings/organisation', 'Organisation'], ['/settings/members', 'Members'], ['/settings/service-accounts', 'Service accounts'],
  ['/settings/models', 'Models'], ['/settings/backends', 'Backends'], ['/settings/hooks', 'Hooks'], ['/settings/webhooks', 'Webhooks'], ['/settings/feeds', 'Usage feeds'], ['/settings/trail', 'Audit trail'],
] as const;

/** Everything that ⌘K opens by name. */
export const PLACES = [
  ...RAIL.filter(({ to }) => to !== '/models' && to !== '/fleet' && to !== '/money' && to !== '/settings').map(({ to, title, icon }) => ({ to, title, icon })),
  ...MODEL_TABS.map(([to, title]) => ({ to, title: `Models: ${title}`, icon: Boxes })),
  ...FLEET_TABS.map(([to, title]) => ({ to, title: `Fleet: ${title}`, icon: Server })),
  { to: '/fleet/nodes/new', title: 'Add a node', icon: Server },
  { to: '/fleet/leases/new', title: 'Lease a machine', icon: Server },
  { to: '/fleet/orders/new', title: 'Order a machine', icon: Server },
  ...MONEY_TABS.map(([to, title]) => ({ to, title: `Money: ${title}`, icon: Wallet })),
  { to: '/keys/new', title: 'Make a key', icon: KeyRound },
  ...SETTINGS_TABS.map(([to, title]) => ({ to, title: `Settings: ${title}`, icon: to.endsWith('trail') ? BookText : Settings })),
];
