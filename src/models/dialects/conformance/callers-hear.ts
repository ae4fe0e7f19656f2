import type { Told } from './told.ts';

/** How callers of one dialect ask, and what they hear: read as its SDK reads it. */
export interface CallerFixture {
  /** A request with tools, a picture, a schema and the like of the dialect's own form. */
  readonly request: (stream: boolean) => Record<string, unknown>;
  /** What asks for log probabilities; null: this dialect has none. */
  readonly logprobs: Readonly<Record<string, unknown>> | null;
  readonly whole: (reply: string) => Told;
  readonly stream: (frames: string) => Told;
  /** Whether these frames end as a clean answer does, and whether an error stands in them. */
  readonly clean: (frames: string) => boolean;
  readonly failed: (frames: string) => boolean;
}

type Json = { readonly [field: string]: never } & Record<string, unknown>;
const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const END = { stop: 'stop', length: 'length', tool_calls: 'tool_calls', content_filter: 'filtered', end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', tool_use: 'tool_calls', refusal: 'refusal' } as const;
type Probability = { readonly logprob: number };

/** Every event of a stream, parsed; a frame that is no JSON but `[DONE]` fails. */
function events(frames: string): { name: string; value: Record<string, unknown> }[] {
  return frames.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':') && frame !== 'data: [DONE]').map((frame) => {
    const lines = frame.split('\n');
    const name = lines.find((line) => line.startsWith('event: '))?.slice(7) ?? '';
    const text = lines.filter((line) => line.startsWith('data: '));
    if (text.length !== 1 || lines.length !== (name === '' ? 1 : 2)) throw new Error(`no frame of this dialect: ${frame}`);
    return { name, value: JSON.parse(text[0]!.slice(6)) as Record<string, unknown> };
  });
}

/** Those that answer with words. */
export type Hearing = 'chat' | 'responses' | 'messages';

export const HEARS: Readonly<Record<Hearing, CallerFixture>> = {
  chat: {
    request: (stream) => ({
      model: 'team/model', stream, ...(stream && { stream_options: { include_usage: true } }), max_tokens: 50, reasoning_effort: 'low',
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello' }], tools: [{ type: 'function', function: { name: 'get_weather', parameters } }, { type: 'function', function: { name: 'get_time', parameters } }],
    }),
    logprobs: { logprobs: true },
    whole(reply) {
      const { choices: [choice], usage } = JSON.parse(reply) as { choices: [{ message: Json; finish_reason: keyof typeof END; stop_reason?: string; logprobs: { content: Probability[] } | null }]; usage: Json };
      return chatTold(choice.message, choice.finish_reason, usage, choice.stop_reason ?? null, choice.logprobs?.content ?? []);
    },
    stream(frames) {
      const message: Record<string, string> = { content: '', reasoning_content: '', refusal: '' };
      const calls: { function: { name: string; arguments: string } }[] = [];
      let finish: keyof typeof END = 'stop';
      let usage: Record<string, unknown> = {};
      let stopText: string | null = null;
      const logprobs: Probability[] = [];
      for (const { value } of events(frames)) {
        if (value['usage']) usage = value['usage'] as Json;
        for (const choice of value['choices'] as { delta: Record<string, unknown>; finish_reason: keyof typeof END | null; stop_reason?: string; logprobs?: { content: Probability[] } | null }[]) {
          stopText = choice.stop_reason ?? stopText;
          logprobs.push(...choice.logprobs?.content ?? []);
          for (const field of Object.keys(message)) message[field] += String(choice.delta[field] ?? '');
          for (const call of (choice.delta['tool_calls'] ?? []) as { index: number; function: { name?: string; arguments?: string } }[]) {
            const open = (calls[call.index] ??= { function: { name: '', arguments: '' } });
            open.function.name += call.function.name ?? '';
            open.function.arguments += call.function.arguments ?? '';
          }
          finish = choice.finish_reason ?? finish;
        }
      }
      return chatTold({ ...message, tool_calls: calls }, finish, usage, stopText, logprobs);
    },
    clean: (frames) => frames.endsWith('data: [DONE]\n\n'),
    failed: (frames) => 'error' in events(frames).at(-1)!.value,
  },
  responses: {
    request: (stream) => ({
      model: 'team/model', stream, store: false, max_output_tokens: 50, instructions: 'Be brief.', input: 'Hello', reasoning: { effort: 'low', summary: 'auto' },
      tools: [{ type: 'function', name: 'get_weather', parameters, strict: false }, { type: 'function', name: 'get_time', parameters, strict: false }],
    }),
    logprobs: { include: ['message.output_text.logprobs'] },
    whole: (reply) => responseTold(JSON.parse(reply) as Json),
    stream(frames) {
      const all = events(frames);
      all.forEach(({ name, value }, at) => {
        if (value['type'] !== name || value['sequence_number'] !== at) throw new Error(`out of order: ${name} at ${at}`);
      });
      const last = all.at(-1)!.value['response'] as Json;
      const heard = responseTold(last);
      const deltas = (type: string) => all.filter(({ name }) => name === type).map(({ value }) => String(value['delta'])).join('');
      if (deltas('response.output_text.delta') !== heard.text) throw new Error('the pieces are not the text');
      if (deltas('response.refusal.delta') !== heard.refusal) throw new Error('the pieces are not the refusal');
      if (deltas('response.reasoning_summary_text.delta') + deltas('response.reasoning_text.delta') !== heard.thought) throw new Error('the pieces are not the thought');
      return heard;
    },
    clean: (frames) => ['response.completed', 'response.incomplete'].includes(events(frames).at(-1)!.name),
    failed: (frames) => ['error', 'response.failed'].includes(events(frames).at(-1)!.name),
  },
  messages: {
    request: (stream) => ({
      model: 'team/model', stream, max_tokens: 50, system: 'Be brief.', messages: [{ role: 'user', content: 'Hello' }], thinking: { type: 'enabled', budget_tokens: 1024 },
      tools: [{ name: 'get_weather', input_schema: parameters }, { name: 'get_time', input_schema: parameters }],
    }),
    logprobs: null,
    whole(reply) {
      const { content, stop_reason: stop, stop_sequence: text, usage } = JSON.parse(reply) as { content: Json[]; stop_reason: keyof typeof END; stop_sequence: string | null; usage: Json };
      return messageTold(content, stop, text, usage);
    },
    stream(frames) {
      const blocks: Record<string, unknown>[] = [];
      let stop: keyof typeof END = 'end_turn';
      let text: string | null = null;
      let usage: Record<string, unknown> = {};
      let open = -1;
      for (const { name, value } of events(frames)) {
        if (value['type'] !== name) throw new Error(`the event ${name} says that it is ${String(value['type'])}`);
        const index = value['index'] as number;
        if (name === 'message_start') usage = { ...(value['message'] as { usage: Json }).usage };
        if (name === 'content_block_start') {
          if (open !== -1 || index !== blocks.length) throw new Error('a block began inside another');
          open = index;
          blocks.push({ ...(value['content_block'] as Json), json: '' });
        }
        if (name === 'content_block_delta') {
          if (index !== open) throw new Error('a delta of a block that is not open');
          const block = blocks[index]!;
          const delta = value['delta'] as Record<string, string>;
          const field = ({ text_delta: 'text', thinking_delta: 'thinking', input_json_delta: 'json', signature_delta: 'signature' } as Record<string, string>)[delta['type']!]!;
          const kind = { text: 'text', thinking: 'thinking', json: 'tool_use', signature: 'thinking' }[field];
          if (block['type'] !== kind) throw new Error(`${delta['type']} in a block of the type ${String(block['type'])}`);
          block[field] = String(block[field] ?? '') + (delta[field === 'json' ? 'partial_json' : field] ?? '');
        }
        if (name === 'content_block_stop') open = -1;
        if (name === 'message_delta') {
          ({ stop_reason: stop, stop_sequence: text } = value['delta'] as { stop_reason: keyof typeof END; stop_sequence: string | null });
          usage = { ...usage, ...(value['usage'] as Json) };
        }
      }
      return messageTold(blocks.map((block) => (block['type'] === 'tool_use' ? { ...block, input: JSON.parse(String(block['json'])) as unknown } : block)), stop, text, usage);
    },
    clean: (frames) => events(frames).at(-1)!.name === 'message_stop',
    failed: (frames) => events(frames).at(-1)!.name === 'error',
  },
};

/** What was written to a cache is told as any other part of the prompt. A refusal has a field of its own, and no reason to finish. */
function chatTold(message: Record<string, unknown>, finish: keyof typeof END, usage: Record<string, unknown>, stopText: string | null, logprobs: readonly Probability[]): Told {
  const calls = (message['tool_calls'] ?? []) as { function: { name: string; arguments: string } }[];
  const { cached_tokens: cached = 0 } = (usage['prompt_tokens_details'] ?? {}) as { cached_tokens?: number };
  const { reasoning_tokens: thought = 0 } = (usage['completion_tokens_details'] ?? {}) as { reasoning_tokens?: number };
  return {
    thought: String(message['reasoning_content'] ?? ''), text: String(message['content'] ?? ''), refusal: String(message['refusal'] ?? ''), calls: calls.map((call) => ({ name: call.function.name, input: call.function.arguments })),
    end: message['refusal'] ? 'refusal' : END[finish], stopText, logprobs: logprobs.map(({ logprob }) => logprob), tokens: { input: Number(usage['prompt_tokens']) - cached, cached, written: 0, output: Number(usage['completion_tokens']) - thought, thought },
  };
}

function responseTold(response: Record<string, unknown>): Told {
  const output = response['output'] as Record<string, unknown>[];
  const texts = (type: string, field: string) => output.filter((item) => item['type'] === type).flatMap((item) => (item[field] ?? []) as { text?: string }[]).map(({ text }) => text ?? '').join('');
  const usage = response['usage'] as { input_tokens: number; output_tokens: number; input_tokens_details: { cached_tokens: number; cache_write_tokens?: number }; output_tokens_details: { reasoning_tokens: number } };
  const calls = output.filter(({ type }) => type === 'function_call').map((item) => ({ name: String(item['name']), input: String(item['arguments']) }));
  const thought = usage.output_tokens_details.reasoning_tokens;
  const parts = output.flatMap((item) => (item['content'] ?? []) as { refusal?: string; logprobs?: Probability[] }[]);
  const refusal = parts.map((part) => part.refusal ?? '').join('');
  const { reason } = (response['incomplete_details'] ?? {}) as { reason?: string };
  const { cached_tokens: cached, cache_write_tokens: written = 0 } = usage.input_tokens_details;
  return {
    thought: texts('reasoning', 'summary') + texts('reasoning', 'content'), text: texts('message', 'content'), refusal, calls, stopText: null, logprobs: parts.flatMap((part) => part.logprobs ?? []).map(({ logprob }) => logprob),
    end: response['status'] === 'incomplete' ? (reason === 'content_filter' ? 'filtered' : 'length') : calls.length > 0 ? 'tool_calls' : refusal === '' ? 'stop' : 'refusal',
    tokens: { input: usage.input_tokens - cached - written, cached, written, output: usage.output_tokens - thought, thought },
  };
}

/** Anthropic counts thoughts within the output, and says how many of it they are. */
function messageTold(content: readonly Record<string, unknown>[], stop: keyof typeof END, stopText: string | null, usage: Record<string, unknown>): Told {
  const texts = (type: string, field: string) => content.filter((block) => block['type'] === type).map((block) => String(block[field])).join('');
  const { thinking_tokens: thought = 0 } = (usage['output_tokens_details'] ?? {}) as { thinking_tokens?: number };
  return {
    thought: texts('thinking', 'thinking'), text: texts('text', 'text'), refusal: '', calls: content.filter(({ type }) => type === 'tool_use').map((block) => ({ name: String(block['name']), input: JSON.stringify(block['input']) })),
    end: END[stop], stopText, logprobs: [],
    tokens: { input: Number(usage['input_tokens']), cached: Number(usage['cache_read_input_tokens'] ?? 0), written: Number(usage['cache_creation_input_tokens'] ?? 0), output: Number(usage['output_tokens']) - thought, thought },
  };
}
