import type { Conversation, NeutralRequest } from '../neutral/request.ts';

type Given = Partial<Omit<NeutralRequest, 'conversation'>> & { readonly conversation?: Partial<Conversation> };

/** A request that says hello, and what is given. For tests of backends' dialects. */
export function neutralRequest({ conversation, ...given }: Given = {}): NeutralRequest {
  const whole: Conversation = {
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }], tools: [], toolChoice: null, parallelToolCalls: null, stop: [], format: { type: 'text' },
    sampling: {}, reasoning: null, verbosity: null, rest: {}, ...conversation,
  };
  return {
    dialect: 'chat', body: {}, model: 'team/model', stream: false, includeUsage: true, choices: 1, maxOutputTokens: null, capField: null,
    needs: { tools: whole.tools.length > 0, images: false, files: false, schema: false, reasoning: false, logprobs: false, native: null },
    media: { images: 0, files: 0, characters: 0 }, turnCount: whole.turns.length, user: null, metadata: {}, serviceTier: 'auto', cacheKey: null, ...given,
    conversation: () => whole,
  };
}
