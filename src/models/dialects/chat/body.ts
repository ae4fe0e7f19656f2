import type { FilePart, ImagePart, MediaSource, Part, TextPart, ToolResultPart, Turn } from '../../neutral/parts.ts';
import type { Conversation, NeutralRequest, Tool, ToolChoice } from '../../neutral/request.ts';
import type { JsonObject } from '../../request/json.ts';
import { writeCall } from './tool-calls.ts';

type Body = { [field: string]: unknown };

/** A body of chat completions for a conversation that came in another dialect; model and output limit are put in by the caller. */
export function writeBody(request: NeutralRequest, conversation: Conversation): Body {
  const { sampling, format, reasoning } = conversation;
  const body: Body = { messages: conversation.turns.flatMap((turn) => writeTurn(turn, request.dialect === 'chat')) };
  const set = (field: string, value: unknown) => {
    if (value !== undefined && value !== null) body[field] = value;
  };
  if (request.stream) body['stream'] = true;
  if (request.choices !== 1) body['n'] = request.choices;
  if (conversation.tools.length > 0) body['tools'] = conversation.tools.map(writeTool);
  set('tool_choice', writeToolChoice(conversation.toolChoice, conversation.tools));
  // Without tools some servers refuse it.
  if (conversation.tools.length > 0) set('parallel_tool_calls', conversation.parallelToolCalls);
  if (conversation.stop.length > 0) body['stop'] = conversation.stop;
  if (format.type === 'json') body['response_format'] = { type: 'json_object' };
  if (format.type === 'schema') {
    body['response_format'] = { type: 'json_schema', json_schema: { name: format.name, schema: format.schema, ...(format.strict !== null && { strict: format.strict }), ...(format.description !== undefined && { description: format.description }) } };
  }
  set('temperature', sampling.temperature);
  set('top_p', sampling.topP);
  set('top_k', sampling.topK);
  set('frequency_penalty', sampling.frequencyPenalty);
  set('presence_penalty', sampling.presencePenalty);
  set('seed', sampling.seed);
  set('logit_bias', sampling.logitBias);
  if (sampling.logprobs) {
    body['logprobs'] = true;
    body['top_logprobs'] = sampling.logprobs.top;
  }
  if (reasoning) set('reasoning_effort', reasoning.effort ?? effortOf(reasoning.budgetTokens));
  set('verbosity', conversation.verbosity);
  set('user', request.user);
  return request.dialect === 'chat' ? { ...conversation.rest, ...body } : body;
}

/** Words for a count of tokens to think for: OpenAI's form has no number. The steps are this house's own. */
function effortOf(budgetTokens: number | null): string | null {
  if (budgetTokens === null) return null;
  return budgetTokens <= 2_048 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
}

/** @param own whether the caller speaks chat too. Else words of the developer are the system's: most templates know no other role for them. */
function writeTurn(turn: Turn, own: boolean): JsonObject[] {
  const name = turn.name === undefined ? {} : { name: turn.name };
  if (turn.role === 'tool') return writeResults(turn.parts.filter((part): part is ToolResultPart => part.type === 'tool_result'));
  if (turn.role !== 'assistant') return [{ role: turn.role === 'developer' && !own ? 'system' : turn.role, content: writeContent(turn.parts), ...name }];
  const spoken = turn.parts.filter((part) => part.type === 'text');
  const calls = turn.parts.filter((part) => part.type === 'tool_call').map(writeCall);
  const thought = turn.parts.filter((part) => part.type === 'reasoning' && part.form === 'text' && part.sealed === undefined).map((part) => (part as { text: string }).text).join('');
  const refused = turn.parts.filter((part) => part.type === 'refusal').map((part) => part.text).join('');
  return [{
    role: 'assistant', content: spoken.length === 0 ? (calls.length > 0 || refused !== '' ? null : '') : writeContent(spoken), ...name,
    ...(thought !== '' && { reasoning_content: thought }), ...(refused !== '' && { refusal: refused }), ...(calls.length > 0 && { tool_calls: calls }),
  }];
}

/** A tool's message is text alone: its images follow in a message of the user, after all results of the turn. */
function writeResults(results: readonly ToolResultPart[]): JsonObject[] {
  const messages: JsonObject[] = [];
  const media: (ImagePart | FilePart)[] = [];
  for (const { callId, content } of results) {
    const texts = content.filter((part): part is TextPart => part.type === 'text');
    const shown = content.filter((part): part is ImagePart | FilePart => part.type !== 'text');
    media.push(...shown);
    messages.push({ role: 'tool', tool_call_id: callId, content: texts.length === 0 && shown.length > 0 ? 'The result follows as an image or a file.' : writeContent(texts) });
  }
  if (media.length > 0) messages.push({ role: 'user', content: media.map(writePart) });
  return messages;
}

/** One text is a string, as every server reads it. */
function writeContent(parts: readonly Part[]): string | JsonObject[] {
  if (parts.length === 0) return '';
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? only.text : parts.map(writePart);
}

function writePart(part: Part): JsonObject {
  switch (part.type) {
    case 'image':
      return { type: 'image_url', image_url: { url: address(part.source), ...(part.detail !== undefined && { detail: part.detail }) } };
    case 'file':
      return { type: 'file', file: { ...(part.name !== undefined && { filename: part.name }), file_data: address(part.source) } };
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    default:
      return { type: 'text', text: 'text' in part ? part.text : '' };
  }
}

function address(source: MediaSource): string {
  return source.kind === 'base64' ? `data:${source.mediaType};base64,${source.data}` : source.kind === 'url' ? source.url : '';
}

function writeTool(tool: Tool): JsonObject {
  if (tool.type === 'native') return tool.value;
  const described = tool.description === undefined ? {} : { description: tool.description };
  if (tool.type === 'custom') return { type: 'custom', custom: { name: tool.name, ...described, ...(tool.format && { format: tool.format }) } };
  return { type: 'function', function: { name: tool.name, ...described, ...(tool.parameters && { parameters: tool.parameters }), ...(typeof tool.strict === 'boolean' && { strict: tool.strict }) } };
}

function writeToolChoice(choice: ToolChoice | null, tools: readonly Tool[]): unknown {
  if (choice === null || (tools.length === 0 && choice.mode !== 'none')) return null;
  const named = (name: string) => (tools.some((tool) => tool.type === 'custom' && tool.name === name) ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } });
  if (choice.mode === 'one') return named(choice.name);
  if (choice.mode === 'allowed') return { type: 'allowed_tools', allowed_tools: { mode: choice.required ? 'required' : 'auto', tools: choice.names.map(named) } };
  return tools.length === 0 ? null : choice.mode;
}
