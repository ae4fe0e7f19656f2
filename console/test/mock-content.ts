import type { ReplyOf } from '../src/api/client.ts';
import type { World } from './mock-data.ts';

/** What was said of replies, by scenario. */
export const SCENARIOS: ReplyOf<'/api/feedback/summary', 'get'>['items'] = [
  { scenario: 'support', calls: '18402', failed: '31', refusals: '12', firstTokenP50Ms: 212, wholeP50Ms: 1_840, wholeP95Ms: 6_210, charge: '41870000000000', cost: '30110000000000', costUnknown: '0',
    said: { count: 640, rated: 611, meanRating: 0.62, up: 512, down: 99, outcomes: { accepted: 488, edited: 61 } } },
  { scenario: 'release notes', calls: '310', failed: '0', refusals: '0', firstTokenP50Ms: 190, wholeP50Ms: 3_100, wholeP95Ms: 9_900, charge: '2100000000000', cost: '1400000000000', costUnknown: '4',
    said: { count: 12, rated: 12, meanRating: -0.25, up: 4, down: 8, outcomes: {} } },
  { scenario: '', calls: '0', failed: '0', refusals: '0', firstTokenP50Ms: null, wholeP50Ms: null, wholeP95Ms: null, charge: '0', cost: '0', costUnknown: '0', said: { count: 3, rated: 3, meanRating: 1, up: 3, down: 0, outcomes: {} } },
];

/** A project's consent, which follows from its tier here. */
export function consentOf(world: World, projectId: string): ReplyOf<'/api/projects/{id}/consent', 'get'> {
  const given = world.projects.find(({ id }) => id === projectId)?.tier === 'contributor';
  return {
    projectId, state: given ? 'given' : 'none', textVersion: given ? '2026-11-1' : null, givenBy: given ? 'ines@harbour.example' : null, givenAt: given ? '2026-11-20T09:00:00.000Z' : null, withdrawnBy: null, withdrawnAt: null,
    current: { version: '2026-11-1', text: 'This project gives its model calls to the operator of this server for the improvement of models. Consent can be withdrawn at any time.' },
  };
}
