import type { JsonObject } from '../../request/json.ts';
import type { Conversation, Tool } from '../../neutral/request.ts';
import { cachePoint } from './messages.ts';

/** Null: no tools are sent. A choice that Converse has no word for leaves tools out instead. */
export function toolConfig({ tools, toolChoice }: Conversation): JsonObject | null {
  if (toolChoice?.mode === 'none') return null;
  const names = toolChoice?.mode === 'allowed' ? new Set(toolChoice.names) : null;
  const offered = tools.filter((tool) => tool.type !== 'native' && (names === null || names.has(tool.name)));
  if (offered.length === 0) return null;
  const choice = choiceOf(toolChoice);
  return { tools: offered.flatMap(specification), ...(choice && { toolChoice: choice }) };
}

function choiceOf(choice: Conversation['toolChoice']): JsonObject | null {
  switch (choice?.mode) {
    case 'auto':
      return { auto: {} };
    case 'required':
      return { any: {} };
    case 'allowed':
      return choice.required ? { any: {} } : { auto: {} };
    case 'one':
      return { tool: { name: choice.name } };
    default:
      return null;
  }
}

function specification(tool: Tool): JsonObject[] {
  if (tool.type === 'native') return [];
  if (tool.type === 'custom') {
    const grammar = tool.format === undefined ? '' : ` The text follows: ${JSON.stringify(tool.format)}`;
    const description = `${tool.description ?? ''}${grammar}`.trim();
    return [{ toolSpec: { name: tool.name, ...(description !== '' && { description }), inputSchema: { json: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } } } }];
  }
  const { name, description, parameters, strict, cache } = tool;
  const spec = { toolSpec: { name, ...(description && { description }), inputSchema: { json: parameters ?? { type: 'object', properties: {} } }, ...(strict === true && { strict }) } };
  return cache ? [spec, cachePoint(cache)] : [spec];
}
