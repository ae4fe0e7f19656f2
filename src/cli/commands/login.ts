import { usageError } from '../cli-error.ts';
import { createClient } from '../client/client.ts';
import { readCredentials, saveCredentials, serverAddress } from '../client/credentials.ts';
import type { Run } from '../command.ts';
import { print, readInput } from '../context.ts';
import { timeText } from '../output/text.ts';

export const login: Run = async (context, { options }) => {
  if (options['url'] !== undefined || options['keyFile'] !== undefined) {
    if (typeof options['keyFile'] !== 'string') throw usageError('A key is needed.', 'Give it in a file or on standard input: tandem login --url URL --key-file -');
    const url = typeof options['url'] === 'string' ? options['url'] : readCredentials(context.env).url;
    if (!URL.canParse(url)) throw usageError(`${url} is not a URL.`, 'Write it like https://tandem.example.com');
    const key = (await readInput(context, options['keyFile'])).trim();
    // Proven before it is saved: a wrong key must not replace one that works.
    const who = await createClient({ url: serverAddress(url), key }, context.signal).call('GET', '/api/whoami', {});
    const path = saveCredentials(context.env, { url: serverAddress(url), key });
    print(context, { url, organisation: who.organisation.name, role: who.role, file: path }, () => `Saved to ${path}: ${who.organisation.name} as ${who.role} at ${url}.`);
    return;
  }
  const link = await context.client().call('POST', '/api/login/link', {});
  print(context, link, () => `Open this link in a browser; it works once, until ${timeText(link.expiresAt)}:\n\n  ${link.url}\n`);
};

export const whoami: Run = async (context) => {
  const client = context.client();
  const who = await client.call('GET', '/api/whoami', {});
  print(context, who, () => [
    `${who.actor.label}, ${who.role} of ${who.organisation.name}`,
    who.project ? `Project: ${who.project.name}` : 'Every project',
    `Server: ${client.url}, Tandem ${who.version}`,
  ].join('\n'));
};
