import { describe, expect, it } from 'vitest';
import { changedHardware } from './hardware.ts';
import { mayHost, nodeState, takesWork, type StateFacts } from './node-state.ts';

const nowMs = Date.UTC(2026, 10, 26);
const facts: StateFacts = { wanted: 'serve', connected_at: new Date(nowMs - 60_000), last_seen_at: new Date(nowMs - 5_000), quarantined_at: null, removed_at: null, health: 'ok' };

describe('a node', () => {
  it.each([
    ['ready', {}], ['sick', { health: 'sick' as const }], ['ready', { health: 'degraded' as const }],
    ['cordoned', { wanted: 'cordon' as const }], ['draining', { wanted: 'drain' as const }], ['maintenance', { wanted: 'maintain' as const }], ['removing', { wanted: 'remove' as const }],
    ['offline', { connected_at: null }], ['offline', { last_seen_at: new Date(nowMs - 30_000), wanted: 'drain' as const }], ['new', { connected_at: null, last_seen_at: null }],
    ['quarantined', { quarantined_at: new Date(nowMs), connected_at: null }], ['removed', { removed_at: new Date(nowMs), quarantined_at: new Date(nowMs) }],
  ])('is %s with %j', (state, change) => {
    expect(nodeState({ ...facts, ...change }, nowMs)).toBe(state);
    expect(takesWork({ ...facts, ...change, protocol: 2 }, nowMs)).toBe(state === 'ready');
    // One whose agent this server does not speak with may be brought up to date, and no more.
    expect(takesWork({ ...facts, ...change, protocol: 0 }, nowMs)).toBe(false);
  });

  it('serves its owner, and others only where it is the operator\'s and a person has looked at it', () => {
    const node = (owner: string, approved: boolean) => ({ organisation_id: owner, approved_at: approved ? new Date(nowMs) : null });
    expect(mayHost(node('tenant', false), 'tenant', 'operator')).toBe(true);
    expect(mayHost(node('operator', true), 'tenant', 'operator')).toBe(true);
    expect(mayHost(node('operator', false), 'tenant', 'operator')).toBe(false);
    expect(mayHost(node('another', true), 'tenant', 'operator')).toBe(false);
  });

  it('has changed when it says another hardware than was approved, and not when it is warmer', () => {
    const gpu = { uuid: 'GPU-1', name: 'H100', memoryBytes: 80, temperatureC: 40 };
    const approved = { cpu: { cores: 8, model: 'x' }, gpus: [gpu], hostname: 'a' };
    expect(changedHardware(approved, { hostname: 'b', gpus: [{ ...gpu, temperatureC: 70 }], cpu: { model: 'x', cores: 8 } })).toEqual([]);
    expect(changedHardware(approved, { ...approved, gpus: [gpu, gpu], cpu: { cores: 64, model: 'x' } })).toEqual(['cpu', 'gpus']);
    expect(changedHardware(null, approved)).toEqual([]);
  });
});
