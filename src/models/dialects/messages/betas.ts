import type { IncomingHttpHeaders } from 'node:http';

/**
 * Values of `anthropic-beta` that reach a backend: those that change neither a price nor what is kept where. All others (longer
 * context at another price, faster modes, files, containers, servers that the backend calls) are left out.
 */
const PASSED = new Set([
  'claude-code-20250219', 'interleaved-thinking-2025-05-14', 'dev-full-thinking-2025-05-14', 'thinking-token-count-2026-05-13', 'thinking-display-updates-2026-08-18', 'thinking-binding-controls-2026-08-01',
  'fine-grained-tool-streaming-2025-05-14', 'token-efficient-tools-2025-02-19', 'advanced-tool-use-2025-11-20', 'tool-examples-2025-10-29', 'inline-tools-2026-09-15', 'mid-conversation-tool-changes-2026-07-01',
  'computer-use-2024-10-22', 'computer-use-2025-01-24', 'computer-use-2025-11-24', 'prompt-caching-2024-07-31', 'extended-cache-ttl-2025-04-11', 'prompt-caching-scope-2026-01-05', 'pdfs-2024-09-25',
  'token-counting-2024-11-01', 'output-128k-2025-02-19', 'output-300k-2026-03-24', 'structured-outputs-2025-11-13', 'effort-2025-11-24', 'task-budgets-2026-03-13', 'mid-conversation-output-config-2026-07-01',
  'context-management-2025-06-27', 'model-context-window-exceeded-2025-08-26', 'mid-conversation-system-clear-at-2026-08-21',
]);

/** The headers of a caller that a backend of the same dialect gets, names and values in turn. */
export function forwarded(headers: IncomingHttpHeaders | undefined): readonly string[] {
  const given = headers?.['anthropic-beta'];
  if (given === undefined) return [];
  const betas = (Array.isArray(given) ? given.join(',') : given).split(',').map((beta) => beta.trim()).filter((beta) => PASSED.has(beta));
  return betas.length === 0 ? [] : ['anthropic-beta', [...new Set(betas)].join(',')];
}
