import type { Access } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import { LIVE_TYPES, type LiveStreams, type LiveType } from './streams.ts';

/** The channel on which a room tells its changes, and what a page has to read again then. */
const CHANNELS: Readonly<Record<string, readonly LiveType[]>> = {
  usage: ['usage', 'budgets'],
  budgets: ['budgets', 'keys'],
  prices: ['prices', 'models'],
  models: ['models'],
};

/**
 * Passes changes on to the open streams. The notifications name no organisation that could be trusted to
 * be complete, and what is told holds no data, so everybody is told that something of a kind changed.
 */
export async function watchChanges(options: { readonly access: Pick<Access, 'directory'>; readonly database: Pick<Database, 'listen'>; readonly live: LiveStreams }): Promise<() => Promise<void>> {
  const { access, database, live } = options;
  const ends = await Promise.all(Object.entries(CHANNELS).map(([channel, types]) =>
    database.listen(channel, (payload) => {
      // After a gap anything may have been missed.
      for (const type of payload === 'resync' ? LIVE_TYPES : types) live.tell(null, type);
    })));
  const endAccess = access.directory.onChange(() => {
    live.accessChanged();
    live.tell(null, 'keys');
  });
  return async () => {
    endAccess();
    await Promise.all(ends.map((end) => end()));
  };
}
