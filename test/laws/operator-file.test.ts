import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPERATOR_EXAMPLE, OPERATOR_FIELDS } from '../../scripts/generate/operator-file.ts';
import { readOidcConfig } from '../../src/access/oidc-config.ts';
import { readEgressPolicy } from '../../src/base/egress/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { readAccounts } from '../../src/fleet/providers/accounts.ts';
import { ProviderClient } from '../../src/fleet/providers/provider-client.ts';
import { readOperatorFile } from '../../src/models/registry/operator-file.ts';
import { checkOperatorFile } from '../../src/start/operator-file.ts';
import { ROOT } from './support/sources.ts';

/** `a.b[].c` for every field of a value. */
const fieldsOf = (value: unknown, at = ''): string[] => {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => (typeof one === 'object' ? fieldsOf(one, `${at}[]`) : [])))];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = at === '' ? name : `${at}.${name}`;
    return [path, ...fieldsOf(inner, path)];
  });
};

describe('the operator\'s file in the reference', () => {
  it('has no part that the program refuses to start with', () => {
    const parts = [...new Set([...OPERATOR_FIELDS.map(([field]) => field.split(/[.[]/)[0]!), ...Object.keys(OPERATOR_EXAMPLE)])];
    expect(parts).toEqual(expect.arrayContaining(['mdm', 'providers']));
    for (const part of parts) expect(() => checkOperatorFile({ file: { [part]: {} }, configFile: 'tandem.json' })).not.toThrow();
  });

  it('is accepted by the rooms that read it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-operator-'));
    try {
      const clientSecretFile = join(folder, 'oidc-secret');
      writeFileSync(clientSecretFile, 'a secret');
      expect(readOidcConfig({ ...OPERATOR_EXAMPLE.oidc, clientSecretFile })).toMatchObject({ name: 'Example login', clientSecret: 'a secret' });
      const policy = readEgressPolicy(OPERATOR_EXAMPLE.egress);
      const client = new ProviderClient({ policy, clock: systemClock });
      const claims = () => ({ claim: async () => true, free: async () => {}, all: async () => new Map<string, string>() });
      expect([...readAccounts({ content: OPERATOR_EXAMPLE.providers, folder, env: { SCALEWAY_KEY: 'key' }, policy, client, clock: systemClock, claims }).keys()]).toEqual(['macs-paris']);
      const { backends, models, limits } = readOperatorFile({ content: OPERATOR_EXAMPLE, folder, env: { GPU_1_KEY: 'key', GPU_2_KEY: 'other' }, policy });
      expect(backends).toMatchObject([{ name: 'gpu-1', keys: [{ key: 'key' }] }, { name: 'gpu-2', kind: 'openai-responses', keys: [{ label: 'team', key: 'other', limits: { parallel: 64 } }] }]);
      expect(models).toMatchObject([{ name: 'team/llama' }, { name: 'team/large', goal: 'same-prefix', targets: [{ backend: 'gpu-1' }, { backend: 'gpu-2' }] }]);
      expect(limits).toMatchObject({ attempts: 3, hedge: { afterMs: 800 }, deadlines: { connectMs: 5_000, wholeMs: 900_000 } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has every field of its example in its table, and the other way round', () => {
    expect(OPERATOR_FIELDS.map(([field]) => field).toSorted()).toEqual(fieldsOf(OPERATOR_EXAMPLE).toSorted());
  });

  it('names every part that some room reads', () => {
    const read = ['src/access/access.ts', 'src/models/models.ts', 'src/models/registry/operator-file.ts', 'src/fleet/providers/providers.ts']
      .flatMap((path) => [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(?:file|content)\['(\w+)'\]/g)].map((match) => match[1]!));
    expect([...new Set(read)].toSorted()).toEqual(Object.keys(OPERATOR_EXAMPLE).toSorted());
  });
});
