import type { Access } from '../../access/index.ts';
import { RESYNC, type Database } from '../../db/index.ts';
import { LIVE_TYPES, type LiveStreams, type LiveType } from './streams.ts';

interface Channel {
  /** What a page has to read again. */
  readonly types: readonly LiveType[];
  /** The payload names the organisations concerned, where it can; else everybody is told: payloads of other channels are ids of other things. */
  readonly named: boolean;
}

/** The channels on which rooms tell their changes. */
const CHANNELS: Readonly<Record<string, Channel>> = {
  usage: { types: ['usage', 'budgets'], named: true },
  sight: { types: ['sight'], named: true },
  budgets: { types: ['budgets', 'keys'], named: false },
  limits: { types: ['limits'], named: false },
  prices: { types: ['prices', 'models'], named: false },
  models: { types: ['models'], named: false },
  lease_pages: { types: ['leases'], named: true },
  node_pages: { types: ['nodes'], named: true },
};
const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Passes changes on to the open streams. What is told holds no data, only that something of a kind changed. */
export async function watchChanges(options: { readonly access: Pick<Access, 'directory'>; readonly database: Pick<Database, 'listen'>; readonly live: LiveStreams }): Promise<() => Promise<void>> {
  const { access, database, live } = options;
  const ends: (() => Promise<void>)[] = [];
  for (const [channel, { types, named }] of Object.entries(CHANNELS)) {
    ends.push(await database.listen(channel, (payload) => tell(live, types, named, payload)));
  }
  const endAccess = access.directory.onChange(() => {
    live.accessChanged();
    live.tell(null, 'keys');
  });
  return async () => {
    endAccess();
    for (const end of ends) await end();
  };
}

function tell(live: LiveStreams, types: readonly LiveType[], named: boolean, payload: string): void {
  // After a gap anything may have been missed.
  if (payload === RESYNC) return LIVE_TYPES.forEach((type) => live.tell(null, type));
  const organisations = named ? (payload.match(UUIDS) ?? []) : [];
  for (const type of types) {
    if (organisations.length === 0) live.tell(null, type);
    for (const organisation of organisations) live.tell(organisation, type);
  }
}
