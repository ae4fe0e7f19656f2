import { CliError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { leaseIdOf } from './called.ts';

/** Where the screen of a lease is in the browser. The page asks for its ticket itself, so the link alone opens nothing. */
export const screen: Run = async (context, { args }) => {
  const client = context.client();
  const { lease } = await client.call('GET', '/api/leases/{id}', { path: { id: await leaseIdOf(client, args[0]!) } });
  if (lease.state !== 'running') throw new CliError('lease_state', `${lease.name} is ${lease.state}, so it has no screen.`, `See why: tandem leases show ${lease.id}`);
  const url = new URL(`fleet/leases/${lease.id}/screen`, client.url.endsWith('/') ? client.url : `${client.url}/`).href;
  print(context, { lease: lease.id, url }, () => `${url}\n\nOpen it where you are signed in to the console (tandem login gives a link).`);
};
