import { BadReply } from '../../neutral/bad-reply.ts';
import type { EmbeddingsBackend, TargetFacts } from '../../neutral/dialect.ts';
import { inputBound } from '../../neutral/bounds.ts';
import type { NeutralReply } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** A vector of one input, in the order of the inputs. */
export type Vector = readonly number[];

/** @throws BadReply */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadReply('its answer is not valid JSON');
  }
  if (!isObject(value)) throw new BadReply('its answer is not a JSON object');
  return value;
}

/**
 * Vectors in OpenAI's form, as numbers or as the base64 of little-endian 32-bit floats that its clients ask for.
 * @param tokens of all inputs; null: not told.
 * @throws BadReply when there are more or fewer than inputs.
 */
export function replyOf(request: NeutralRequest, vectors: readonly Vector[], tokens: number | null): NeutralReply {
  if (vectors.length !== request.turnCount) throw new BadReply(`it made ${vectors.length} embeddings of ${request.turnCount} texts`);
  const base64 = request.body['encoding_format'] === 'base64';
  return {
    choices: [], usage: tokens === null ? null : { input: tokens, cacheRead: 0, output: 0, reasoning: 0 }, serviceTier: null,
    native: { object: 'list', data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: base64 ? inBase64(vector) : vector })) },
  };
}

/** As OpenAI's clients ask for it: little-endian 32-bit floats. */
export function inBase64(vector: Vector): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}

/** @throws BadReply for anything but a list of numbers. */
export function vectorIn(value: unknown): Vector {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'number')) throw new BadReply('an embedding of its answer is not a list of numbers');
  return value as Vector;
}

export function tokensIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** What is sent: nothing comes out, so only the input is bounded. */
export function sending(request: NeutralRequest, target: TargetFacts, path: string, body: JsonObject): ReturnType<EmbeddingsBackend['request']> {
  const bytes = Buffer.from(JSON.stringify(body));
  // The context of an embedding model bounds each text, not all of them together.
  return { method: 'POST', path, headers: [], body: bytes, inputBound: inputBound(request, bytes.length, 0, { ...target, contextTokens: null }), outputBound: 0, textBytes: bytes.length };
}
