import type { TargetFacts } from '../../neutral/dialect.ts';
import type { Conversation, NeutralRequest, Tool, ToolChoice } from '../../neutral/request.ts';
import type { JsonObject } from '../../request/json.ts';
import { cacheControl } from './cache-mark.ts';
import { mayThink, thinkingFields } from './thinking.ts';
import { writeTurns } from './write-turns.ts';

/** A request of another dialect as a body of the Messages API. `limit`: output tokens at most. */
export function writeBody(request: NeutralRequest, target: Pick<TargetFacts, 'model' | 'options'>, limit: number): JsonObject {
  const conversation = request.conversation();
  const { system, messages } = writeTurns(conversation.turns);
  const tools = allowedTools(conversation).flatMap(toolOf);
  const choice = conversation.toolChoice;
  const forced = choice?.mode === 'required' || choice?.mode === 'one' || (choice?.mode === 'allowed' && choice.required);
  const { thinking: wanted, effort } = thinkingFields(conversation.reasoning, limit, target.options['thinking'] === 'budget', forced);
  const thinking = wanted?.['type'] === 'enabled' && !mayThink(messages) ? undefined : wanted;
  const thinks = thinking !== undefined && thinking['type'] !== 'disabled';
  const { format } = conversation;
  const config = { ...(effort !== undefined && { effort }), ...(format.type === 'schema' && { format: { type: 'json_schema', schema: format.schema } }) };
  return {
    model: target.model, max_tokens: limit, messages, ...(system.length > 0 && { system }),
    ...(tools.length > 0 && { tools, ...toolChoice(conversation) }),
    ...(conversation.stop.length > 0 && { stop_sequences: conversation.stop }),
    ...(!thinks && sampling(conversation)), ...(thinking && { thinking }), ...(Object.keys(config).length > 0 && { output_config: config }),
    ...(request.user !== null && { metadata: { user_id: request.user } }), ...(request.stream && { stream: true }),
  };
}

/** Newer models take a temperature or a `top_p`, not both. */
function sampling({ sampling: { temperature, topP, topK } }: Conversation): JsonObject {
  return {
    ...(temperature !== undefined ? { temperature: Math.min(temperature, 1) } : topP !== undefined && { top_p: topP }),
    ...(topK !== undefined && { top_k: topK }),
  };
}

function allowedTools({ tools, toolChoice: choice }: Conversation): readonly Tool[] {
  return choice?.mode === 'allowed' ? tools.filter((tool) => tool.type !== 'native' && choice.names.includes(tool.name)) : tools;
}

function toolOf(tool: Tool): JsonObject[] {
  switch (tool.type) {
    case 'function':
      return [{
        name: tool.name, ...(tool.description !== undefined && { description: tool.description }), input_schema: { type: 'object', ...(tool.parameters ?? { properties: {} }) },
        ...(tool.strict === true && { strict: true }), ...cacheControl(tool.cache),
      }];
    case 'custom': {
      const grammar = tool.format === undefined || tool.format['type'] === 'text' ? '' : ` The text follows: ${JSON.stringify(tool.format)}`;
      return [{ name: tool.name, description: `${tool.description ?? ''}${grammar}`.trim(), input_schema: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } }];
    }
    case 'native':
      return tool.dialect === 'messages' ? [tool.value] : [];
  }
}

function toolChoice({ toolChoice: choice, parallelToolCalls }: Conversation): { readonly tool_choice?: JsonObject } {
  const one = parallelToolCalls === false && choice?.mode !== 'none' ? { disable_parallel_tool_use: true } : {};
  if (choice === null) return parallelToolCalls === false ? { tool_choice: { type: 'auto', ...one } } : {};
  return { tool_choice: { ...modeOf(choice), ...one } };
}

function modeOf(choice: ToolChoice): JsonObject {
  switch (choice.mode) {
    case 'auto':
    case 'none':
      return { type: choice.mode };
    case 'required':
      return { type: 'any' };
    case 'one':
      return { type: 'tool', name: choice.name };
    case 'allowed':
      return { type: choice.required ? 'any' : 'auto' };
  }
}
