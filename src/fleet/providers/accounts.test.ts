import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { readAccounts } from './accounts.ts';
import { ProviderClient } from './provider-client.ts';

const clock = new ManualClock();
const policy = readEgressPolicy(undefined);
const client = new ProviderClient({ clock, policy });
const claims = () => ({ claim: () => Promise.resolve(true), free: () => Promise.resolve(), all: () => Promise.resolve(new Map<string, string>()) });
const read = (content: unknown, env: Record<string, string> = {}) => readAccounts({ content, folder: '/', env, policy, client, clock, claims });

const scaleway = { kind: 'scaleway', name: 'paris', zone: 'fr-par-1', projectId: 'p', keyEnv: 'KEY', prices: { 'M4-M': { amount: '0.29', currency: 'EUR' } } };
const ec2 = { kind: 'ec2-mac', name: 'ireland', region: 'eu-west-1', zone: 'eu-west-1b', accessKeyId: 'AKID', key: 'secret', keyName: 'tandem', images: { 'mac2.metal': 'ami-1' }, prices: { 'mac2.metal': { amount: '0.65', currency: 'USD' } } };
const lambda = { kind: 'lambda', name: 'california', region: 'us-west-1', key: 'secret', sshKeyName: 'tandem' };
const office = { kind: 'static', name: 'office', machines: [{ id: 'mini-1', offer: 'm4', host: '192.0.2.1', user: 'admin' }] };

describe('the accounts of the operator\'s file', () => {
  it('are read with their prices', async () => {
    const accounts = read([scaleway, ec2, lambda, office], { KEY: 'secret' });
    expect([...accounts.values()].map(({ name, kind }) => [name, kind])).toEqual([['paris', 'scaleway'], ['ireland', 'ec2-mac'], ['california', 'lambda'], ['office', 'static']]);
    expect(await accounts.get('ireland')!.offers()).toMatchObject([{ name: 'mac2.metal', perHour: { amount: 650_000_000_000n, currency: 'USD' } }]);
    expect(accounts.get('office')!.traits.reinstalls).toBe(false);
    expect(read(undefined).size).toBe(0);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', {}, /providers/], ['another kind', [{ kind: 'none' }], /providers\[0\]\.kind/], ['no key', [{ ...lambda, key: undefined }], /providers\[0\].*keyFile/], ['two keys', [{ ...lambda, keyEnv: 'KEY' }], /more than one/],
    ['no variable', [scaleway], /KEY is not set/], ['no file', [{ ...lambda, key: undefined, keyFile: 'nonesuch' }], /keyFile/], ['the same name', [lambda, lambda], /providers\[1\]\.name/],
    ['a private address', [{ ...lambda, url: 'http://10.0.0.1' }], /providers\[0\]\.url.*private/], ['no price', [{ ...ec2, prices: { 'mac2.metal': { amount: 'free', currency: 'USD' } } }], /amount/], ['a path for a zone', [{ ...lambda, region: '../x' }], /region/],
  ])('are refused with %s, and by their place', (_what, content, message) => {
    expect(() => read(content)).toThrow(message);
  });
});
