import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { apiCall, commands } from '../src/lib/commands.ts';

interface Verb {
  readonly path: string;
  readonly args?: readonly { readonly form: string }[];
  readonly options?: readonly { readonly form: string }[];
}
// Loaded by address, so that the console's types stay apart from the CLI's.
const tree = await import(new URL('../../src/cli/tree.ts', import.meta.url).href) as { commands: readonly Verb[] };

const scope = { kind: 'key' as const, name: 'ci' };
const LINES = [
  commands.login, commands.doctor, commands.models, commands.keys, commands.billVerify, commands.prices, commands.trail, commands.trailVerify,
  commands.backends, commands.members, commands.projects, commands.budgets, commands.invoices, commands.credits,
  commands.chat('Hello there', 'tandem/local'), commands.modelAdd('a', 'b', 'c', '4096'), commands.modelRemove('a'), commands.modelShow('a'), commands.modelSet('a', [{ backend: 'b', model: 'c', weight: 2, order: 1, region: 'eu' }], { goal: 'order', regions: ['eu'], attempts: '3', share: '5' }), commands.plan, commands.backendKeys('a'), commands.backendAdd('a', 'https://a.example', false, 'anthropic'), commands.backendAdd('a', 'https://a.example/v1', true), commands.backendCheck('a'), commands.backendRemove('a'),
  commands.keyCreate('ci', { budget: '5', period: 'day', role: 'viewer', models: ['a', 'b'], project: 'web', expires: '2027-01-31' }), commands.keyRotate('1', '3600'), commands.keyRevoke('1'),
  commands.bill('2026-11'), commands.requests(), commands.requests({ last: '7d', outcome: 'failed', code: 'c', model: 'm', key: 'k', project: 'p', backend: 'b', user: 'u', tag: 't', scenario: 's', tier: 'flex', dialect: 'chat', status: '429', 'min-ms': '5' }), commands.request('1'),
  commands.latency({ by: 'model', last: '24h', model: 'm', key: 'k', project: 'p', from: '2026-11-01', to: '2026-11-02' }), commands.spend({ by: 'model', and: 'key', metric: 'margin', last: '30d', model: 'm', project: 'p', key: 'k', user: 'u' }), commands.billClose('2026-10'), commands.billAdjust('1', '-1.50', 'goodwill'), commands.billCredit('5', { grant: true, expires: '2027-01-31', reason: 'why' }),
  commands.budgetSet(scope, '5', 'day', { alert: '50,80' }), commands.budgetSet(scope, '5', 'month', { counting: 'each user' }), commands.budgetSet(scope, '5', 'month', { counting: 'one tag', name: 'night' }), commands.limits, commands.limitSet(scope, '20', 'requests', 'each user', ''), commands.limitSet(scope, '20', 'tokens', 'one model', 'team/big'), commands.limitSet(scope, '8', 'parallel', 'together', ''), commands.limitRemove('1'), commands.budgetRemove('1'), commands.priceSet('a', { input: '1', cached: '1', output: '1', tier: 'contributor', source: 's' }),
  commands.hooks, commands.hookAdd('a', 'https://a.example', { stage: 'both', deadlineMs: '300', onFailure: 'open', project: 'web' }), commands.hookTest('1'), commands.hookFailures('1'), commands.hookRotate('1'), commands.hookRemove('1'),
  commands.nodes, commands.nodeAdd('gpu-1', 'training'), commands.nodeApprove('a'), commands.nodeDoctor('a'), commands.nodeSteer('cordon', 'a', { reason: 'why not' }), commands.nodeSteer('uncordon', 'a'), commands.nodeSteer('drain', 'a', { grace: '2h' }), commands.nodeSteer('maintain', 'a'), commands.nodeSteer('remove', 'a', { reason: 'old', grace: '0s' }), commands.ssh('1'), commands.screen('1'),
  commands.quotas, commands.quotaSet('project:web', { machines: '', gpus: '8', leases: '4', spend: '2000' }), commands.quotaRemove('1'), commands.poolSet('gpus', { 'open-to': 'all', 'least-day': 'never', network: 'none', record: 'always', resource: 'none', idle: '240m', allow: '10.1.0.0/16', resolvers: 'none', cpus: '4', 'memory-mb': 'share', processes: 'share', 'disk-mb': 'share' }), commands.volumes, commands.volumeExtend('models', '30'), commands.volumeDelete('models'), commands.leaseKeep('1', 'models'), commands.operatorMinutes, commands.providers, commands.orders, commands.orderShow('1'), commands.orderCreate('paris', 'M4-M', '20.00', 'macs'), commands.orderCreate('', '', '', ''), commands.orderAdopt('paris', 'm-1'), commands.orderRelease('1'), commands.orderReinstall('1'),
  commands.servings, commands.servingAsk, commands.servingShow('a/b'), commands.servingScale('a/b', 0, 4), commands.servingStop('a/b'),
  commands.leases, commands.leaseShow('1'), commands.leaseExtend('1', 90, '12.50'), commands.leaseHandOver('1', 'iOS app'), commands.leaseEnd('1'), commands.leaseEnd('1', 'models'), commands.leaseRecordings('1'), commands.leaseRecord, commands.leaseWipe('1'), commands.nodeWipes('gpu-1'), commands.wipeVerify('wipe.jws'), ...(['gpu', 'mac'] as const).map((kind) => commands.leaseAsk(kind, { gpus: 2, gpu: 'h100-80gb', slice: '1g.10gb', macClass: 'm4', xcode: '26.1', machines: 2, pool: 'a', access: 'root', minutes: kind === 'mac' ? null : 60, atMost: '5', project: 'web', name: 'a b', record: true, volume: 'models', job: { command: ['sh', '-c', 'echo a'], env: ['HF_TOKEN'], keepOpen: true } })),
  commands.webhooks, commands.webhookAdd('https://a.example', ['budget.alert', 'lease.notice']), commands.webhookDeliveries('1'), commands.webhookRotate('1'), commands.webhookRemove('1'),
  commands.feeds, commands.feedAdd('https://a.example', { format: 'stripe', customer: 'cus_1', from: '2026-11-01' }), commands.feedPause('1'), commands.feedResume('1'), commands.feedReplay('1', '2026-11-01'), commands.feedRotate('1'), commands.feedRemove('1'),
  commands.projectCreate('a'), commands.projectStore('a', true), commands.consentGive('a', '2026-11-1'), commands.consentWithdraw('a'), commands.feedback, commands.feedbackExport, commands.memberInvite('a@b.example', 'admin'), commands.memberRemove('a@b.example'), apiCall('POST', '/api/projects', { name: 'a b' }),
];

/** Splits a line as a shell does, for the single quotes that the lines use. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) => word.replaceAll("'", ''));
}

describe('the lines that the pages show', () => {
  it.each(LINES)('is a line of the CLI: %s', (line) => {
    const [program, ...rest] = words(line);
    expect(program).toBe('./tandem');
    const verb = [3, 2, 1].map((length) => rest.slice(0, length).join(' ')).map((path) => tree.commands.find((one) => one.path === path)).find((one) => one !== undefined);
    expect(verb, `no verb of the CLI begins ${line}`).toBeDefined();
    if (!verb) return;
    const given = rest.slice(verb.path.split(' ').length);
    const forms = verb.options?.map(({ form }) => form) ?? [];
    const args: string[] = [];
    for (let place = 0; place < given.length; place += 1) {
      const word = given[place] ?? '';
      if (word === '--') args.push(...given.slice(place + 1).filter(() => (place = given.length) > 0));
      else if (!word.startsWith('--')) args.push(word);
      else {
        const form = forms.find((one) => new RegExp(`(^|\\s)${word}(\\s|$)`).test(one));
        expect(form, `${verb.path} has no option ${word}`).toBeDefined();
        if (form?.includes('<')) place += 1;
      }
    }
    if (verb.args?.some(({ form }) => form.includes('...')) !== true) expect(args.length).toBeLessThanOrEqual(verb.args?.length ?? 0);
    expect(args.length).toBeGreaterThanOrEqual(verb.args?.filter(({ form }) => form.startsWith('<')).length ?? 0);
  });

  it('shows no line that is not made here', () => {
    const folder = fileURLToPath(new URL('../src/', import.meta.url));
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.tsx')) continue;
      expect(readFileSync(join(folder, file), 'utf8'), file).not.toMatch(/<Command line="|<SameInTerminal line="|command="/);
    }
  });
});
