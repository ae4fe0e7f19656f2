import type { IncomingMessage } from 'node:http';
import { CliError, usageError } from '../cli-error.ts';
import { errorOf, readAll } from '../client/client.ts';
import { nextApart } from '../client/next-apart.ts';
import type { components } from '../client/schema.ts';
import type { Run } from '../command.ts';
import { readInput, type Context } from '../context.ts';
import { moneyText } from '../output/money.ts';
import { plural, visible } from '../output/text.ts';
import { sseData } from '../output/sse.ts';

type Receipt = components['schemas']['ChatReceipt'];
type Usage = components['schemas']['ChatUsage'];

interface Answer {
  text: string;
  finishReason: string | null;
  usage: Usage | undefined;
  receipt: Receipt | undefined;
}

export const chat: Run = async (context, { args, options }) => {
  const text = args.length === 1 && args[0] === '-' ? await readInput(context, '-') : args.join(' ');
  if (text.trim() === '') throw usageError('There is no question.', 'Write one: tandem chat "What is the capital of France?"');
  const stream = options['stream'] !== false && !context.json;
  const model = typeof options['model'] === 'string' ? options['model'] : 'tandem/local';
  const system = typeof options['system'] === 'string' ? [{ role: 'system' as const, content: options['system'] }] : [];
  const body = {
    model, messages: [...system, { role: 'user' as const, content: text }], stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    ...numberOption(options, 'maxTokens', 'max_completion_tokens'), ...numberOption(options, 'temperature', 'temperature'), ...numberOption(options, 'seed', 'seed'),
  };
  const response = await context.client().open('POST', '/v1/chat/completions', body, { 'x-tandem-receipt': '1', ...(stream ? { accept: 'text/event-stream' } : {}) });
  if (response.statusCode !== 200) throw nextApart(errorOf(response.statusCode ?? 0, await readAll(response)));

  const answer = stream ? await readStream(response, context) : readWhole(await readAll(response));
  if (context.json) {
    context.out.write(`${JSON.stringify({ model, answer: answer.text, finishReason: answer.finishReason, usage: answer.usage ?? null, receipt: answer.receipt ?? null }, null, 2)}\n`);
    return;
  }
  if (!stream) context.out.write(`${safe(answer.text)}\n`);
  context.err.write(`${summary(model, answer)}\n`);
};

async function readStream(response: IncomingMessage, context: Context): Promise<Answer> {
  const answer: Answer = { text: '', finishReason: null, usage: undefined, receipt: undefined };
  let ended = false;
  for await (const data of sseData(response)) {
    if (data === '[DONE]') {
      ended = true;
      break;
    }
    const chunk = JSON.parse(data) as {
      error?: { code?: string; message?: string; next?: string }; usage?: Usage | null; tandem?: Receipt;
      choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
    };
    if (chunk.error) {
      if (answer.text !== '') context.out.write('\n');
      throw nextApart(new CliError(chunk.error.code ?? 'stream_failed', chunk.error.message ?? 'The answer broke off.', chunk.error.next ?? 'Ask again, or look at the server: tandem doctor'));
    }
    const choice = chunk.choices?.[0];
    if (choice?.delta?.content) {
      answer.text += choice.delta.content;
      context.out.write(safe(choice.delta.content));
    }
    answer.finishReason = choice?.finish_reason ?? answer.finishReason;
    answer.usage = chunk.usage ?? answer.usage;
    answer.receipt = chunk.tandem ?? answer.receipt;
  }
  context.out.write('\n');
  if (!ended) throw new CliError('stream_cut', 'The answer broke off: the connection was cut.', 'Ask again, or look at the server: tandem doctor');
  return answer;
}

function readWhole(text: string): Answer {
  const reply = JSON.parse(text) as { choices: { message: { content: string | null }; finish_reason: string }[]; usage?: Usage; tandem?: Receipt };
  const choice = reply.choices[0];
  return { text: choice?.message.content ?? '', finishReason: choice?.finish_reason ?? null, usage: reply.usage, receipt: reply.tandem };
}

function summary(model: string, { usage, receipt, finishReason }: Answer): string {
  const parts = [visible(model)];
  if (usage) {
    const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
    parts.push(`${usage.prompt_tokens} in${cached > 0 ? ` (${cached} cached)` : ''} + ${plural(usage.completion_tokens, 'token')} out`);
  }
  if (receipt) {
    const { firstTokenMs, totalMs } = receipt.timings;
    if (firstTokenMs !== null && firstTokenMs !== undefined) parts.push(`first token ${Math.round(firstTokenMs)} ms`);
    if (totalMs !== undefined) parts.push(`total ${Math.round(totalMs)} ms`);
    parts.push(moneyText(receipt.charge, receipt.currency));
  }
  if (finishReason === 'length') parts.push('cut at the token limit');
  return parts.join(' · ');
}

/** A model's text may hold terminal escapes: line breaks and tabs stay, other control characters go. */
function safe(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

function numberOption(options: Readonly<Record<string, string | boolean | undefined>>, name: string, field: string): Record<string, number> {
  const value = options[name];
  if (typeof value !== 'string') return {};
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) throw usageError(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is not a number: ${value}`, 'See what it takes: tandem chat --help');
  return { [field]: number };
}
