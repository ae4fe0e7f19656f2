import type { Loss } from '../neutral/request.ts';

/**
 * What no backend is asked for. A hosted tool reads and writes as much as it likes, asks the model again by itself, and each of its calls
 * has a price of its own; so no hold covers it, and no vendor tells its cost in the reply in a way that could be checked.
 */
export const REFUSED_EVERYWHERE: readonly Loss[] = [
  { from: 'responses', to: 'any', field: 'tools that a backend runs (web_search, file_search, code_interpreter, image_generation, mcp, hosted shells)', effect: 'refused', why: 'no hold covers them: they read and write without a bound and have prices of their own' },
  { from: 'responses', to: 'any', field: 'web_search and image_generation in a call by Codex', effect: 'dropped', why: 'it offers them with each call, whoever it speaks to; anybody else who names one is refused' },
  { from: 'messages', to: 'any', field: 'tools that a backend runs (web_search, web_fetch, code_execution, mcp_toolset), mcp_servers, container', effect: 'refused', why: 'no hold covers them: they read and write without a bound and have prices of their own' },
  { from: 'chat', to: 'any', field: 'web_search_options, audio', effect: 'refused', why: 'neither is metered' },
];
