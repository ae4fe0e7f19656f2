import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { verifyJws, type PublicJwk, type ReadJws } from '../../base/index.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print, readInput } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/text.ts';
import { leaseIdOf } from './called.ts';
import { findNode } from './nodes.ts';

type LeaseWipe = Reply<'/api/leases/{id}/wipe-certificates', 'GET'>['items'][number];
type Wipe = Reply<'/api/nodes/{id}/wipes', 'GET'>['items'][number];

const TYPE = 'tandem-wipe+jwt';

export const ofLease: Run = async (context, { args, options }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/leases/{id}/wipe-certificates', { path: { id: await leaseIdOf(client, args[0]!) } });
  if (typeof options['out'] === 'string') {
    if (items.length === 0) throw new CliError('no_certificate', 'There is no certificate of a wipe yet.', `See how far the lease is: tandem leases show ${args[0]}`);
    await writeFile(options['out'], `${items.map(({ certificate }) => certificate).join('\n')}\n`, { mode: 0o600, flag: 'wx' });
    print(context, { written: options['out'], certificates: items.length }, ({ written, certificates }) => `Wrote ${certificates === 1 ? 'one certificate' : `${certificates} certificates`} to ${written}. Check it: tandem wipe verify ${written}`);
    return;
  }
  print(context, items, (all) => (all.length === 0 ? 'Nothing was wiped yet: neither before this lease nor after it.' : all.map((wipe) => `${wipe.of === 'this' ? 'After this lease' : 'Before this lease'}\n${wipeLines(wipe)}`).join('\n\n')));
};

export const ofNode: Run = async (context, { args }) => {
  const client = context.client();
  const { id, name } = await findNode(client, args[0]!);
  const { items } = await client.call('GET', '/api/nodes/{id}/wipes', { path: { id } });
  print(context, items, (all) => (all.length === 0 ? `${name} was not wiped yet.` : table(all, [
    { title: 'WHEN', value: (wipe) => timeText(wipe.endedAt) },
    { title: 'CLEAN', value: (wipe) => (wipe.clean ? 'yes' : 'NO') },
    { title: 'BY', value: (wipe) => wipe.by },
    { title: 'METHOD', value: (wipe) => wipe.method },
    { title: 'CANARIES', value: (wipe) => `${wipe.canaries.planted.length} planted, ${wipe.canaries.found.length} found` },
    { title: 'NOT CHECKED', value: (wipe) => wipe.unchecked.join('; ') || '-' },
    { title: 'ID', value: (wipe) => wipe.id },
  ], context.out)));
};

export const release: Run = async (context, { args, options }) => {
  if (typeof options['reason'] !== 'string') throw usageError('--reason is missing.', 'Say what was done about it: --reason TEXT');
  const client = context.client();
  const { id } = await findNode(client, args[0]!);
  const node = await client.call('POST', '/api/nodes/{id}/release', { path: { id }, body: { reason: options['reason'] } });
  print(context, node, () => `${node.name} is wiped again now. See how: tandem node wipes ${node.name}. When it is clean: tandem node uncordon ${node.name}`);
};

export const keys: Run = async (context) => {
  const { keys: all } = await context.client().call('GET', '/api/wipe-keys', {});
  // A set of JSON Web Keys, so that it can be kept beside certificates and given to --key.
  context.out.write(`${JSON.stringify({ keys: all }, null, 2)}\n`);
};

export const verify: Run = async (context, { args, options }) => {
  const known = typeof options['key'] === 'string' ? readKeys(await readInput(context, options['key'])) : (await context.client().call('GET', '/api/wipe-keys', {})).keys;
  const lines = (await readInput(context, args[0]!)).split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (lines.length === 0) throw usageError('The file holds no certificate.', 'Get one: tandem leases wipe LEASE --out FILE');
  const lease = typeof options['lease'] === 'string' && options['key'] === undefined ? await leaseIdOf(context.client(), options['lease']) : options['lease'];
  const wanted = Object.entries({ lease, machine: options['machine'] }).flatMap(([kind, id]) => (typeof id === 'string' ? [{ kind, hash: opaque(kind, id) }] : []));
  const read = lines.map((line) => {
    const jws = verifyJws(line, TYPE, known);
    const otherwise = wanted.filter(({ kind, hash }) => jws !== undefined && jws.claims[kind] !== hash).map(({ kind }) => kind);
    return { valid: jws !== undefined && otherwise.length === 0, keyId: jws?.kid ?? null, notOf: otherwise, claims: jws?.claims ?? null };
  });
  print(context, read, (all) => all.map(({ valid, keyId, notOf, claims }) => (claims === null || keyId === null ? 'NOT VALID: no known key signed this.' : valid ? `Valid, signed by the key ${keyId}\n${claimLines(claims)}` : `NOT VALID: signed by the key ${keyId}, and not of this ${notOf.join(' or ')}.`)).join('\n\n'));
  return read.every(({ valid }) => valid) ? EXIT.ok : EXIT.error;
};

/** How ids stand in certificates. */
function opaque(kind: string, id: string): string {
  return createHash('sha256').update(`tandem ${kind} ${id}`).digest('hex');
}

function readKeys(text: string): PublicJwk[] {
  try {
    const { keys: all } = JSON.parse(text) as { keys: PublicJwk[] };
    if (Array.isArray(all) && all.every(({ kid, x }) => typeof kid === 'string' && typeof x === 'string')) return all;
  } catch {
    // Said below.
  }
  throw usageError('The file of --key is no set of keys.', 'Get it from a server that you trust: tandem wipe keys > keys.json');
}

function wipeLines({ endedAt, beganAt, clean, by, method, evidence, unchecked, machineId, certificate }: LeaseWipe | Wipe): string {
  return [
    `clean      ${clean ? 'yes' : 'NO: the machine is quarantined'}`, `method     ${method}, by ${by}`, `when       ${timeText(beganAt)} to ${timeText(endedAt)}`, `machine    ${machineId}`,
    ...listed('evidence', evidence), ...listed('unchecked', unchecked), `signed     ${certificate.length} letters: --out FILE writes them`,
  ].join('\n');
}

/** What is signed, as far as it has the form of such a certificate. */
function claimLines(claims: ReadJws['claims']): string {
  const text = (name: string) => String(claims[name] ?? '-');
  const all = (name: string) => (Array.isArray(claims[name]) ? (claims[name] as unknown[]).map(String) : []);
  return [
    `clean      ${claims['clean'] === true ? 'yes' : 'NO'}`, `method     ${text('method')}, by ${text('by')}`, `when       ${text('beganAt')} to ${text('endedAt')}`, `lease      ${text('lease')} (hash of its id)`, `machine    ${text('machine')} (hash of its id)`,
    ...listed('evidence', all('evidence')), ...listed('unchecked', all('unchecked')), `software   ${Object.entries((claims['software'] ?? {}) as Record<string, unknown>).map(([name, version]) => `${name} ${String(version)}`).join(', ')}`,
  ].join('\n');
}

function listed(title: string, lines: readonly string[]): string[] {
  return lines.map((line, at) => `${(at === 0 ? title : '').padEnd(10)} ${line}`);
}
