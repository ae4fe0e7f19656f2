import { CliError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../output/table.ts';
import { countText, plural, timeText, visible } from '../output/text.ts';
import { findProject } from './keys.ts';

type Consent = Reply<'/api/projects/{id}/consent', 'GET'>;

/** Every project, and whether it contributes; the contributing ones with who agreed, when, and to what. */
export const list: Run = async (context) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/projects', {});
  // A project's tier says whether it contributes; its consent is read only where there is one.
  const rows = await Promise.all(items.map(async (project) => ({ project, consent: project.tier === 'contributor' ? await client.call('GET', '/api/projects/{id}/consent', { path: { id: project.id } }) : null })));
  print(context, rows.map(({ project: { id, name, tier }, consent }) => ({ id, name, tier, consent })), () => (rows.length === 0 ? 'No projects yet. Make one: tandem projects create NAME' : table(rows, [
    { title: 'PROJECT', value: ({ project }) => project.name },
    { title: 'CONTRIBUTES', value: ({ consent }) => (consent?.state === 'given' ? 'yes' : 'no') },
    { title: 'TEXT', value: ({ consent }) => consent?.textVersion ?? '-' },
    { title: 'AGREED BY', value: ({ consent }) => consent?.givenBy ?? '-' },
    { title: 'AGREED', value: ({ consent }) => timeText(consent?.givenAt ?? null) },
  ], context.out)));
};

export const show: Run = async (context, { args }) => {
  const client = context.client();
  const path = { id: await findProject(client, args[0]!) };
  const [consent, contributions] = await Promise.all([client.call('GET', '/api/projects/{id}/consent', { path }), client.call('GET', '/api/projects/{id}/contributions', { path })]);
  print(context, { ...consent, contributions }, (one) => `${stateOf(one)}${keptOf(one.contributions)}\n\nThe text, version ${one.current.version}:\n\n  ${visible(one.current.text).replaceAll('. ', '.\n  ')}\n`);
};

export const give: Run = async (context, { args, options }) => {
  const client = context.client();
  const id = await findProject(client, args[0]!);
  const version = options['text'];
  if (typeof version !== 'string') throw new CliError('usage', 'Nobody agrees to a text unread.', `Read it: tandem projects consent show ${args[0]!}, then give its version: --text VERSION`, EXIT.usage);
  const consent = await client.call('POST', '/api/projects/{id}/consent', { path: { id }, body: { textVersion: version } });
  print(context, consent, (one) => `${stateOf(one)} Its calls have the contributor price from now on. End it: tandem projects consent withdraw ${args[0]!}`);
};

export const withdraw: Run = async (context, { args }) => {
  const client = context.client();
  const consent = await client.call('DELETE', '/api/projects/{id}/consent', { path: { id: await findProject(client, args[0]!) } });
  print(context, consent, (one) => stateOf(one));
};

/** How much is kept, where anything was ever to be. */
function keptOf({ kept, notKept: { tooMany, tooLarge, failed } }: Reply<'/api/projects/{id}/contributions', 'GET'>): string {
  const lost = [[tooMany, 'because too many waited to be written'], [tooLarge, 'because they were too large'], [failed, 'because the database refused']].filter(([calls]) => calls !== '0');
  if (kept === 0 && lost.length === 0) return '';
  return `\n${plural(kept, 'call')} ${kept === 1 ? 'is' : 'are'} kept now.${lost.length === 0 ? '' : ` Not kept: ${lost.map(([calls, why]) => `${countText(calls!)} ${why}`).join(', ')}.`}`;
}

function stateOf(consent: Consent): string {
  switch (consent.state) {
    case 'none': return 'This project contributes nothing.';
    case 'given': return `This project contributes its content: ${consent.givenBy} agreed to text ${consent.textVersion} on ${timeText(consent.givenAt)}.`;
    case 'withdrawn': return `This project contributes nothing: ${consent.withdrawnBy} withdrew on ${timeText(consent.withdrawnAt)}, and what was kept is deleted.`;
  }
}
