import type { Tool, ToolChoice } from '../../neutral/request.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { cacheMark } from './cache-mark.ts';

/**
 * Tools that Anthropic defines and the caller runs: they cost what their tokens cost. What a backend runs by itself (searches,
 * fetches, code) costs more than that, and repeats the prompt as often as it likes, so no hold covers it.
 */
const RUN_BY_CALLER = /^(bash|text_editor|memory|computer|computer_toolset|browser_toolset)_\d/;

/** Checks the list of tools. @returns the first one that only this dialect knows; null: none. @throws TandemError invalid_request */
export function checkTools(tools: unknown): string | null {
  if (!Array.isArray(tools)) return null;
  let native: string | null = null;
  for (let at = 0; at < tools.length; at += 1) {
    const place = `tools[${at}]`;
    const tool: unknown = tools[at];
    if (!isObject(tool)) throw invalid(place, 'must be an object');
    const { type } = tool;
    if (type == null || type === 'custom') {
      if (typeof tool['name'] !== 'string' || tool['name'] === '') throw invalid(`${place}.name`, 'must be a string');
      if (!isObject(tool['input_schema'])) throw invalid(`${place}.input_schema`, 'must be an object');
      if (tool['description'] != null && typeof tool['description'] !== 'string') throw invalid(`${place}.description`, 'must be a string');
    } else if (typeof type !== 'string') {
      throw invalid(`${place}.type`, 'must be a string');
    } else if (RUN_BY_CALLER.test(type)) {
      native ??= `the tool ${type}`;
    } else {
      throw invalid(`${place}.type`, `is not available here: ${type.slice(0, 100)} is run by the backend, which is not metered; give a tool of your own with input_schema`);
    }
  }
  return native;
}

/** The neutral form of tools that were checked. */
export function toolsOf(tools: unknown): Tool[] {
  return Array.isArray(tools) ? tools.filter(isObject).map(toolOf) : [];
}

function toolOf(tool: JsonObject): Tool {
  const { type, name, description, input_schema: schema, strict } = tool;
  if (type != null && type !== 'custom') return { type: 'native', dialect: 'messages', value: tool, what: `the tool ${String(type)}` };
  return {
    type: 'function', name: String(name), ...(isObject(schema) && { parameters: schema }), ...(typeof description === 'string' && { description }),
    ...(typeof strict === 'boolean' && { strict }), ...cacheMark(tool),
  };
}

export function toolChoiceOf(choice: unknown): { readonly choice: ToolChoice | null; readonly parallel: boolean | null } {
  if (!isObject(choice)) return { choice: null, parallel: null };
  const disabled = choice['disable_parallel_tool_use'];
  return { choice: modeOf(choice), parallel: typeof disabled === 'boolean' ? !disabled : null };
}

function modeOf(choice: JsonObject): ToolChoice {
  switch (choice['type']) {
    case 'any':
      return { mode: 'required' };
    case 'tool':
      return { mode: 'one', name: String(choice['name']) };
    case 'none':
      return { mode: 'none' };
    default:
      return { mode: 'auto' };
  }
}
