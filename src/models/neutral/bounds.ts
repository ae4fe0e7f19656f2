import { TandemError } from '../../base/index.ts';
import type { TargetFacts } from './dialect.ts';
import type { NeutralRequest } from './request.ts';

/** Of vLLM's models the most tokens for one image: Qwen2-VL's default `max_pixels` (16,384). */
const IMAGE_TOKENS = 16_384;
/** A document's page is read as text and as an image by the vendors that take files; 1,000 pages is Gemini's limit, so a file is bounded by the context alone where its size says nothing. */
const FILE_TOKENS = 262_144;
/** What a chat template puts around a message (role and separators), and around the whole. */
const TURN_TOKENS = 16;
const TEMPLATE_TOKENS = 512;

/** Characters of inline data that no model reads as text. What is text is read, so its bytes bound its tokens as they do elsewhere. */
export function unreadCharacters(mediaType: string, data: string): number {
  return /^(text\/|application\/json)/i.test(mediaType) ? 0 : data.length;
}

/**
 * Prompt tokens at most: a token is at least one byte of UTF-8, and JSON never writes text shorter than it is, so the body's
 * bytes bound the text. Tools count twice, since templates print them indented.
 * @param toolBytes of the tools in the body that is sent.
 */
export function inputBound(request: NeutralRequest, bodyBytes: number, toolBytes: number, target: Pick<TargetFacts, 'contextTokens'>): number {
  const { images, files, characters } = request.media;
  const bound = Math.max(0, bodyBytes - characters) + toolBytes + images * IMAGE_TOKENS + files * FILE_TOKENS + request.turnCount * TURN_TOKENS + TEMPLATE_TOKENS;
  return target.contextTokens === null ? bound : Math.min(bound, target.contextTokens);
}

/**
 * The output limit that is sent: the caller's, else the target's. A dialect that demands a limit of every caller gets fixed large
 * figures from agents, which mean no more than "as much as there is": those are lowered.
 * @throws TandemError invalid_request when the caller asks for more than the target allows.
 */
export function outputLimit(request: NeutralRequest, target: Pick<TargetFacts, 'maxOutputTokens' | 'capField'>): number {
  const asked = request.maxOutputTokens ?? target.maxOutputTokens;
  if (asked <= target.maxOutputTokens) return asked;
  if (request.capDemanded) return target.maxOutputTokens;
  const field = request.capField ?? target.capField;
  throw new TandemError('invalid_request', { param: field, params: { reason: `${field} is at most ${target.maxOutputTokens} for this model.` } });
}
