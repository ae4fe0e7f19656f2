import type { FunctionTool, Tool, ToolChoice } from '../../neutral/request.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { flatName, nameIn } from './namespaces.ts';

/** Tools that run on the caller's side, so that they cost nothing beside tokens: a backend of this dialect may be told of them. */
const CALLERS_OWN = new Map([
  ['local_shell', 'the local shell'], ['apply_patch', 'the patch tool'], ['computer', 'the computer tool'], ['computer_use_preview', 'the computer tool'],
  ['namespace', 'a namespace of other tools than functions'], ['tool_search', 'the search among tools'],
]);

/** Tools that the backend runs by itself: it reads and writes as much as it likes meanwhile, and the searches have prices of their own. */
const HOSTED = new Set(['web_search', 'web_search_preview', 'file_search', 'code_interpreter', 'image_generation', 'mcp', 'programmatic_tool_calling']);

/** The tools of a request; those of a namespace under names that hold it. @throws TandemError invalid_request for what has no bound or makes no sense. */
export function readTools(tools: readonly unknown[]): Tool[] {
  return tools.flatMap((tool, at) => (isObject(tool) && tool['type'] === 'namespace' ? readNamespace(tool, `tools[${at}]`) : [readTool(tool, `tools[${at}]`)]));
}

function readNamespace(tool: JsonObject, place: string): Tool[] {
  const { name: namespace, description, tools } = tool;
  if (typeof namespace !== 'string' || namespace === '') throw invalid(`${place}.name`, 'must be the name of the namespace');
  if (!Array.isArray(tools)) throw invalid(`${place}.tools`, 'must be a list of tools');
  const inner = tools.map((one: unknown, at) => readTool(one, `${place}.tools[${at}]`));
  if (inner.some(({ type }) => type === 'native')) return [readTool(tool, place)];
  return inner.flatMap((one, at): Tool[] => {
    if (one.type === 'native') return [];
    // What is said of all of them is said once, of the first.
    const words = [at === 0 && typeof description === 'string' ? description : '', one.description ?? ''].filter((word) => word !== '');
    return [{ ...one, name: flatName({ namespace, name: one.name }), ...(words.length > 0 && { description: words.join('\n\n') }) }];
  });
}

function readTool(tool: unknown, place: string): Tool {
  if (!isObject(tool)) throw invalid(place, 'must be an object');
  const { type, name, description, parameters, strict, format } = tool;
  if (type === 'function' || type === 'custom') {
    if (typeof name !== 'string' || name === '') throw invalid(`${place}.name`, 'must be the name of the tool');
    if (description != null && typeof description !== 'string') throw invalid(`${place}.description`, 'must be a string');
    const told = typeof description === 'string' ? { description } : {};
    if (type === 'custom') return { type, name, ...told, ...(isObject(format) && { format }) };
    if (parameters != null && !isObject(parameters)) throw invalid(`${place}.parameters`, 'must be an object: a JSON schema');
    if (strict != null && typeof strict !== 'boolean') throw invalid(`${place}.strict`, 'must be true or false');
    return { type, name, ...told, ...(isObject(parameters) && { parameters }), ...(typeof strict === 'boolean' && { strict }) };
  }
  if (typeof type !== 'string') throw invalid(`${place}.type`, 'must be a string');
  const hosted = HOSTED.has(type.replace(/_\d{4}_\d{2}_\d{2}$/, '')) || (type === 'shell' && !(isObject(tool['environment']) && tool['environment']['type'] === 'local'));
  if (hosted) throw invalid(`${place}.type`, `${type} is not available here: what the backend runs by itself has no bound and is not metered`);
  const what = type === 'shell' ? 'the shell' : CALLERS_OWN.get(type);
  if (what === undefined) throw invalid(`${place}.type`, 'must be function, custom or a tool that runs on the caller\'s side');
  return { type: 'native', dialect: 'responses', value: tool, what };
}

/** @throws TandemError invalid_request */
export function readToolChoice(choice: unknown): ToolChoice | null {
  if (choice == null) return null;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { mode: choice };
  if (!isObject(choice)) throw invalid('tool_choice', 'must be none, auto, required or an object');
  if (choice['type'] === 'function' || choice['type'] === 'custom') {
    if (typeof choice['name'] !== 'string') throw invalid('tool_choice.name', 'must be the name of the tool');
    return { mode: 'one', name: nameIn(choice) };
  }
  if (choice['type'] !== 'allowed_tools') return null;
  const tools = choice['tools'];
  if (!Array.isArray(tools)) throw invalid('tool_choice.tools', 'must be a list of tools');
  const names = tools.map((tool) => (isObject(tool) && typeof tool['name'] === 'string' ? nameIn(tool) : null));
  return { mode: 'allowed', names: names.filter((name) => name !== null), required: choice['mode'] === 'required' };
}

/** Whether the choice names a tool that only this dialect knows. */
export function isNativeChoice(choice: unknown): boolean {
  return isObject(choice) && choice['type'] !== 'function' && choice['type'] !== 'custom' && choice['type'] !== 'allowed_tools';
}

/** A tool on the wire. */
export function writeTool(tool: Tool): JsonObject {
  switch (tool.type) {
    case 'function':
      return { type: 'function', name: tool.name, description: tool.description ?? null, parameters: tool.parameters ?? NO_PARAMETERS, strict: tool.strict ?? false };
    case 'custom':
      return { type: 'custom', name: tool.name, ...(tool.description !== undefined && { description: tool.description }), ...(tool.format && { format: tool.format }) };
    case 'native':
      return tool.value;
  }
}

/** A function without arguments: `null` is allowed by the types, and refused by servers that check the schema. */
const NO_PARAMETERS: NonNullable<FunctionTool['parameters']> = { type: 'object', properties: {} };

export function writeToolChoice(choice: ToolChoice, tools: readonly Tool[]): unknown {
  const named = (name: string) => ({ type: tools.some((tool) => tool.type === 'custom' && tool.name === name) ? 'custom' : 'function', name });
  switch (choice.mode) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.mode;
    case 'one':
      return named(choice.name);
    case 'allowed':
      return { type: 'allowed_tools', mode: choice.required ? 'required' : 'auto', tools: choice.names.map(named) };
  }
}
