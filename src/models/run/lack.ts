import type { Needs } from '../neutral/request.ts';
import { CAPABILITIES, type Capability, type Target } from '../registry/target.ts';

const WORDS: Readonly<Record<Capability, string>> = { tools: 'tools', images: 'an image', files: 'a file', schema: 'a JSON schema', reasoning: 'reasoning', logprobs: 'logprobs' };

/** What the request needs and the target is said not to do; null: nothing. What is not said is tried. */
export function lackOf(needs: Needs, { can }: Target): string | null {
  for (const capability of CAPABILITIES) if (needs[capability] && can[capability] === false) return WORDS[capability];
  return null;
}
