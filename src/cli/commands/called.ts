import { isUuid } from '../../base/index.ts';
import { CliError } from '../cli-error.ts';
import type { Client } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import { plural } from '../output/text.ts';

type Lease = components['schemas']['Lease'];

/** What people call by a word, in lists that they see. */
interface Named {
  readonly id: string;
  readonly name: string;
}

interface Kind<T> {
  readonly noun: string;
  /** The command that lists them. */
  readonly list: string;
  /** What tells two of the same name apart. */
  readonly about?: (item: T) => string;
  /** Of several, these give way to the others. */
  readonly isOver?: (item: T) => boolean;
}

const MOST_LISTED = 5;
const LEASES: Kind<Lease> = { noun: 'lease', list: 'tandem leases --all', about: ({ state, count, resource }) => `${state}, ${count} × ${resource}`, isOver: ({ state }) => state === 'ended' };

/** A name as it may stand in a host name: what is neither a letter nor a digit is a dash. */
export function hostForm(name: string): string {
  return name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').toLowerCase();
}

/**
 * The one thing that a word calls: its id, else its name, else its name in host names, else the beginning of its id.
 * @throws CliError resource_not_found; ambiguous with those that it may be.
 */
export function called<T extends Named>(items: readonly T[], word: string, { noun, list, about, isOver }: Kind<T>): T {
  const ways: ((item: T) => boolean)[] = [
    ({ id }) => id === word.toLowerCase(), ({ name }) => name === word, ({ name }) => hostForm(name) === word.toLowerCase(), ({ id }) => word.length >= 6 && id.startsWith(word.toLowerCase()),
  ];
  const all = ways.map((way) => items.filter(way)).find((some) => some.length > 0) ?? [];
  const still = all.filter((item) => isOver?.(item) !== true);
  const found = still.length > 0 ? still : all;
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new CliError('resource_not_found', `There is no ${noun} ${word}.`, `List them: ${list}`);
  const listed = found.slice(0, MOST_LISTED).map((item) => `${item.id} (${[item.name, about?.(item)].filter((part) => part !== undefined).join(', ')})`);
  const more = found.length - listed.length;
  throw new CliError('ambiguous', `${word} may be ${plural(found.length, noun)}: ${listed.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`, `Use an id, or so much of it that it is one alone: ${list}`, undefined, { candidates: found.map(({ id, name }) => ({ id, name })) });
}

/** The id of a lease by its id, which asks nobody, its name or the beginning of its id. @throws CliError resource_not_found, ambiguous. */
export async function leaseIdOf(client: Client, word: string): Promise<string> {
  if (isUuid(word.toLowerCase())) return word.toLowerCase();
  const { items } = await client.call('GET', '/api/leases', { query: { called: word, limit: 500 } });
  return called(items, word, LEASES).id;
}
