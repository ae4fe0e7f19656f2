import { describe, expect, test } from 'vitest';
import { isTandemError } from '../../../base/index.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { BACKEND_DIALECTS, CALLER_DIALECTS } from '../dialects.ts';
import { localAsk } from '../local/ask.ts';
import { LOSSES } from '../losses.ts';
import { SAYS } from './backends-say.ts';
import { HEARS, type Hearing } from './callers-hear.ts';
import { PLAIN, WISHES, type Wish } from './wishes.ts';

const TARGET = { model: 'm', contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens', options: {} } as const;
const CALLERS = Object.keys(HEARS) as Hearing[];
const BACKENDS = [...Object.keys(SAYS) as (keyof typeof SAYS)[], 'local'] as const;

/** What is sent; null: the call is refused before. */
function written(request: NeutralRequest, backend: (typeof BACKENDS)[number]): string | null {
  if (backend === 'local') return askedHere(request);
  const dialect = BACKEND_DIALECTS[backend];
  if (dialect.cannot(request) !== null) return null;
  const out = dialect.request(request, TARGET);
  return out.path + out.body.toString();
}

function askedHere(request: NeutralRequest): string | null {
  try {
    return JSON.stringify(localAsk(request));
  } catch (error) {
    if (isTandemError(error, 'unsupported_parameter')) return null;
    throw error;
  }
}

/** What becomes of a wish: it is in the request that is sent, it is not, or the call is refused before. */
function fate(text: string | null, { sent }: Wish): 'sent' | 'dropped' | 'refused' {
  return text === null ? 'refused' : sent.test(text) ? 'sent' : 'dropped';
}

describe.each(Object.entries(WISHES))('%s', (_, wish) => {
  const asking = CALLERS.filter((caller) => wish.body[caller] !== undefined);

  test.each(asking.flatMap((caller) => BACKENDS.map((backend) => [caller, backend] as const)))('of a caller of %s is carried to a backend of %s, or the table of losses says that it is not', (caller, backend) => {
    const request = CALLER_DIALECTS[caller]!.parse({ ...PLAIN[caller], ...wish.body[caller] }, {});
    const own = backend === caller;
    const became = fate(written(request, backend), wish);
    const rows = LOSSES.filter((row) => row.of === undefined && (wish.loss.test(row.field) || (wish.with?.test(row.field) ?? false)) && (row.from === caller || (row.from === 'every' && !own)) && (row.to === backend || (row.to === 'every' && !own)));
    const told = rows.map(({ effect }) => effect);
    if (became === 'sent') expect(told.filter((effect) => effect !== 'changed')).toEqual([]);
    else expect(told).toContain(became);
  });
});
