import type { Database } from '../../db/index.ts';

/** What the beat of a process asks every few seconds, whether there are calls or not. */
const OF_THE_BEAT = [/^update "epochs" set "heartbeat_at" = /, /^select "id" from "epochs" where "kind" = .+"heartbeat_at" >= /];

/** Hears every statement that a database's connections are given from now on, but those of the beat. To be called before anything opens one. */
export function hearStatements({ pool }: Pick<Database, 'pool'>): string[] {
  const statements: string[] = [];
  pool.on('connect', (client) => {
    const query = client.query.bind(client);
    client.query = ((...given: Parameters<typeof query>) => {
      const [what] = given as unknown as [string | { text?: string }];
      const text = typeof what === 'string' ? what : (what.text ?? '');
      if (!OF_THE_BEAT.some((beat) => beat.test(text))) statements.push(text);
      return query(...given);
    }) as typeof client.query;
  });
  return statements;
}
