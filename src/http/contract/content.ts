import { z } from 'zod';
import { byId, count, id, list, page, pico, time } from './common.ts';
import { route } from './route.ts';

const scenario = z.object({
  scenario: z.string().describe('As callers name it; empty: feedback that names none'), calls: count, failed: count, refusals: count.describe('The model declined to answer, or a filter cut it off'),
  firstTokenP50Ms: z.number().nullable(), wholeP50Ms: z.number().nullable(), wholeP95Ms: z.number().nullable(), charge: pico, cost: pico.optional().describe('Of the calls whose cost is known. Absent: the caller may not see costs'), costUnknown: count.optional(),
  said: z.object({ count: z.number().int(), rated: z.number().int(), meanRating: z.number().nullable(), up: z.number().int(), down: z.number().int(), outcomes: z.record(z.string(), z.number().int()) }),
});
const training = z.object({
  id, projectId: id, dialect: z.string(), request: z.unknown(), reply: z.unknown().describe('JSON; the data of each event where it was a stream'), streamed: z.boolean(),
  feedback: z.array(z.object({ kind: z.string(), rating: z.number().nullable(), outcome: z.string().nullable(), scenario: z.string().nullable(), comment: z.string().nullable(), edit: z.string().nullable() })),
});

export const contentRoutes = {
  feedbackSummary: route({ id: 'feedback.summary', method: 'GET', path: '/api/feedback/summary', summary: 'What was said of replies, refusals, latency and cost by scenario, from metadata alone', access: 'usage.read', status: 200,
    query: z.object({ from: time.optional().describe('Default: 30 days before the end'), to: time.optional().describe('Default: now'), projectId: id.optional() }), reply: list(scenario) }),
  feedbackExport: route({ id: 'feedback.export', method: 'GET', path: '/api/feedback/export', summary: 'Calls that consenting projects contributed, with feedback, redacted, for training', access: 'content.export', status: 200,
    query: page.extend({ limit: z.coerce.number().int().min(1).max(100).default(50) }), reply: list(training) }),
  contentList: route({ id: 'content.list', method: 'GET', path: '/api/content', summary: 'How much content is kept, by project and function', access: 'projects.read', status: 200,
    reply: list(z.object({ projectId: id, projectName: z.string().nullable(), purpose: z.string(), count: z.number().int(), bytes: z.number().int(), oldest: time })) }),
  contributionShow: route({ id: 'contributions.show', method: 'GET', path: '/api/projects/{id}/contributions', summary: 'How many calls of a consenting project are kept, and how many were not', access: 'projects.read', status: 200, params: byId,
    reply: z.object({ kept: z.number().int().describe('Now; each ends after 30 days'), notKept: z.object({ tooMany: count.describe('Too many waited to be written'), tooLarge: count.describe('Above 1,000,000 characters'), failed: count.describe('The database refused') }).describe('Of all time'), lastNotKeptAt: time.nullable() }) }),
  contentPurge: route({ id: 'content.purge', method: 'POST', path: '/api/projects/{id}/purge', summary: 'Remove all content of a project; its usage and bills stay', access: 'projects.write', status: 200, params: byId,
    body: z.object({ name: z.string().max(100).describe('The project\'s name, as a safeguard') }), reply: z.object({ removed: z.number().int() }) }),
};
