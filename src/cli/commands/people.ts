import { CliError, usageError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { EXIT } from '../exit.ts';
import { print } from '../context.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/text.ts';
import { oneOf } from './keys.ts';

export const projects: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/projects', {});
  print(context, items, (rows) => table(rows, [
    { title: 'NAME', value: (project) => project.name },
    { title: 'TIER', value: (project) => project.tier },
    { title: 'CREATED', value: (project) => timeText(project.createdAt) },
    { title: 'ID', value: (project) => project.id },
  ], context.out));
};

export const projectCreate: Run = async (context, { args }) => {
  const project = await context.client().call('POST', '/api/projects', { body: { name: args[0]! } });
  print(context, project, () => `Made the project ${project.name}. Make a key for it: tandem keys create NAME --project ${project.slug}`);
};

export const members: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/members', {});
  print(context, items, (rows) => table(rows, [
    { title: 'EMAIL', value: (member) => member.email },
    { title: 'NAME', value: (member) => member.name },
    { title: 'ROLE', value: (member) => member.role },
    { title: 'SINCE', value: (member) => timeText(member.createdAt) },
  ], context.out));
};

export const invite: Run = async (context, { args, options }) => {
  const made = await context.client().call('POST', '/api/invitations', {
    body: { email: args[0]!, role: oneOf(options['role'] ?? 'developer', ['owner', 'admin', 'developer', 'viewer'], '--role') },
  });
  print(context, made, () => `Send this link to ${made.invitation.email}; it is shown once and works until ${timeText(made.invitation.expiresAt)}:\n\n  ${made.url}\n`);
};

export const memberRemove: Run = async (context, { args }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/members', {});
  const member = items.find((one) => one.email === args[0] || one.id === args[0]);
  if (!member) throw new CliError('resource_not_found', `There is no member ${args[0]}.`, 'List them: tandem members');
  await client.call('DELETE', '/api/members/{id}', { path: { id: member.id } });
  print(context, { removed: member.email }, () => `Removed ${member.email}. Their sessions and keys have ended.`);
};

export const trail: Run = async (context, { options }) => {
  const client = context.client();
  if (options['verify'] === true) {
    const report = await client.call('GET', '/api/events/verify', {});
    print(context, report, () => (report.ok
      ? `The audit trail is whole: ${report.checked} entries, each hash follows from the one before.`
      : `The audit trail is broken at entry ${report.firstBroken?.sequence}: ${report.firstBroken?.reason}`));
    return report.ok ? EXIT.ok : EXIT.error;
  }
  const limit = Number(options['limit'] ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw usageError('--limit is a whole number from 1 to 500.', 'tandem trail --limit 20');
  const { items } = await client.call('GET', '/api/events', { query: { limit } });
  print(context, items, (rows) => table(rows, [
    { title: '#', align: 'right', value: (event) => String(event.sequence) },
    { title: 'TIME', value: (event) => timeText(event.at) },
    { title: 'WHO', value: (event) => event.actor.label },
    { title: 'WHAT', value: (event) => event.action },
    { title: 'ON', value: (event) => `${event.resourceKind} ${event.resourceId ?? ''}`.trim() },
  ], context.out));
  return EXIT.ok;
};
