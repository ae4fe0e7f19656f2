import type { Schemas } from '../../api/client.ts';
import type { Tone } from '../../ui/state.tsx';

export type Key = Schemas['Key'];

/** A key's state in a word, with its tone. */
export const KEY_STATE: Readonly<Record<Key['state'], { tone: Tone; word: string }>> = {
  active: { tone: 'good', word: 'Active' },
  rotating: { tone: 'busy', word: 'Rotating' },
  expired: { tone: 'idle', word: 'Expired' },
  revoked: { tone: 'bad', word: 'Revoked' },
};

/** Why nothing more can be done with a key; undefined while it works. */
export function keyIsOver(key: Key): string | undefined {
  if (key.state === 'revoked') return 'The key is revoked already.';
  if (key.state === 'expired') return 'The key is expired.';
  return undefined;
}
