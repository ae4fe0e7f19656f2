import type { Target } from '../registry/target.ts';
import type { Candidate } from '../routing/plan.ts';

/** The head of a reply: which way the call went, why, and after how many attempts. The room `http` adds the call's id (`x-request-id`). */
export function replyHeaders(streamed: boolean, candidate: Candidate, attempts: number, coldStartMs: number): Record<string, string> {
  return {
    'content-type': streamed ? 'text/event-stream; charset=utf-8' : 'application/json; charset=utf-8', 'cache-control': 'no-store',
    'x-tandem-route': routeOf(candidate.target, candidate.why), 'x-tandem-attempts': String(attempts), ...(coldStartMs > 0 && { 'x-tandem-cold-start': String(Math.round(coldStartMs)) }),
  };
}

/** The same of a call that failed before its reply began: the way that it tried last. */
export function failureHeaders({ target, why }: Candidate, attempts: number): Readonly<Record<string, string>> {
  return { 'x-tandem-route': routeOf(target, why), 'x-tandem-attempts': String(attempts) };
}

/** Made once for each target of the registry, and each reason. */
const ROUTES = new WeakMap<Target, Map<string, string>>();

function routeOf(target: Target, why: string): string {
  let routes = ROUTES.get(target);
  if (routes === undefined) ROUTES.set(target, (routes = new Map()));
  let route = routes.get(why);
  if (route === undefined) routes.set(why, (route = headerText(`${target.backend.name}/${target.backendModel}; reason=`) + why));
  return route;
}

/** Names are any text: what a header cannot hold is written as in a URL. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part.toWellFormed()));
}
