import { describe, expect, it } from 'vitest';
import { statusView } from './status.ts';
import type { ModelView, TargetView } from './views.ts';

const health = (state: ModelView['health']['state'], reason: string | null = null) => ({ state, reason, since: null });
const target = (given: Partial<TargetView> = {}): TargetView => ({
  backend: { id: 'b', name: 'gpu', kind: 'openai-compatible' }, model: 'm', weight: 1, order: 1, region: null, enabled: true, contextTokens: null, maxOutputTokens: 10, outputLimitField: 'max_tokens', can: {},
  health: health('ready'), breaker: { state: 'closed', reason: null, since: null, againAt: null }, running: 0, firstTokenMs: null, cost: { input: { price: '1', per: '1' } }, ...given,
});
const model = (name: string, given: Partial<ModelView> = {}): ModelView => ({
  name, goal: 'weights', regions: [], limits: {} as ModelView['limits'], targets: [target()], from: 'api', backend: { id: 'b', name: 'gpu', kind: 'openai-compatible' }, backendModel: 'm', contextTokens: 8, maxOutputTokens: 10,
  cost: { input: { price: '1', per: '1' } }, health: health('ready'), enabled: true, price: { input: { price: '2', per: '1' } }, currency: 'USD', createdAt: '', ...given,
});

describe('the status for callers', () => {
  it('says which ways are open, the quickest of them and what runs', () => {
    const open = { state: 'open', reason: 'it failed', since: null, againAt: null } as const;
    const [one] = statusView([model('a', { targets: [target({ firstTokenMs: 300, running: 2 }), target({ firstTokenMs: 200, running: 1 }), target({ firstTokenMs: 5, breaker: open }), target({ enabled: false, firstTokenMs: 1 })] })], 0).data;
    expect(one).toMatchObject({ id: 'a', routes: { open: 2, all: 3 }, first_token_ms: 200, running: 3 });
  });

  it('tells nothing of backends and of what they cost', () => {
    const text = JSON.stringify(statusView([model('a')], 0));
    expect(text).not.toContain('gpu');
    expect(text).not.toContain('cost');
  });

  it.each([
    ['ok', [health('ready'), health('unknown')]], ['degraded', [health('ready'), health('unavailable', 'it failed')]], ['degraded', [health('degraded')]], ['down', [health('unavailable')]], ['ok', []],
  ])('is %s over all', (state, all) => {
    expect(statusView(all.map((one, index) => model(`m${index}`, { health: one })), 0).state).toBe(state);
  });

  it('of a model that is switched off says so', () => {
    expect(statusView([model('a', { enabled: false })], 0).data[0]).toMatchObject({ state: 'unavailable', reason: 'it is switched off' });
  });
});
