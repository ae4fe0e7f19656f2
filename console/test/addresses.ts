import { fullWorld } from './mock-data.ts';

const { keys, invoices, calls } = fullWorld();
/** Every page, and some of them in a second state. */
export const PAGES = ['/', '/playground', '/keys', '/keys/new', `/keys/${keys[0]?.id}`, '/models/requests', `/models/requests/${calls.find(({ tries }) => tries === 2)?.id}`, '/models/latency', '/models/feedback', `/models/requests/${calls.find(({ outcome }) => outcome === 'refused')?.id}`, '/money/spend', '/money/bill', '/money/spend?by=project&and=model&only=model:team%252Ffast', '/money/budgets', '/money/limits', '/money/prices', '/money/invoices', `/money/invoices/${invoices[0]?.id}`, '/money/credits',
  '/settings/organisation', '/settings/members', '/settings/service-accounts', '/settings/models', '/settings/backends', '/settings/hooks', '/settings/webhooks', '/settings/feeds', '/settings/trail', '/login', '/invite#token=x'];

/** Every dialog: the page and the button that opens it. */
export const DIALOGS: readonly (readonly [path: string, button: string])[] = [[`/keys/${keys[0]?.id}`, 'Change'], [`/keys/${keys[0]?.id}`, 'Rotate'], [`/keys/${keys[0]?.id}`, 'Revoke'], ['/money/budgets', 'Set a budget'], ['/money/budgets', 'Research'], ['/money/budgets', 'each user'], ['/money/limits', 'Set a limit'], ['/money/limits', 'each user'], ['/money/prices', 'Add a price'],
  ['/money/invoices', 'Close a month'], [`/money/invoices/${invoices[0]?.id}`, 'Adjust it'], ['/money/credits', 'Add credit'], ['/settings/organisation', 'Make a project'], ['/settings/organisation', 'iOS app'], ['/settings/members', 'Invite somebody'],
  ['/settings/members', 'Ravi Menon'], ['/settings/service-accounts', 'Make one'], ['/settings/models', 'Add a model'], ['/settings/models', 'muse-spark'], ['/settings/backends', 'Add a backend'], ['/settings/backends', 'Meta Model API'], ['/settings/hooks', 'Add a hook'], ['/settings/hooks', 'no-secrets'], ['/settings/webhooks', 'Add an address'], ['/settings/webhooks', 'https://chat'], ['/settings/feeds', 'Add a feed'], ['/settings/feeds', 'https://meter'], ['/settings/trail', 'key.rotate']];
