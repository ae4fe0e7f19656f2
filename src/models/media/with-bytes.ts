import { unreadCharacters } from '../neutral/bounds.ts';
import type { MediaSource, Part, Turn } from '../neutral/parts.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { Media } from './media-fetcher.ts';

/** More would let one small request make this server fetch for minutes. */
const MOST_ADDRESSES = 20;

/** The request with every address of an image or file replaced by its bytes. `fetch` is asked once for each address. */
export async function withBytes(request: NeutralRequest, fetch: (address: string) => Promise<Media>, tooMany: (most: number) => Error): Promise<NeutralRequest> {
  const conversation = request.conversation();
  const addresses = new Set<string>();
  for (const turn of conversation.turns) for (const part of turn.parts) for (const source of sourcesOf(part)) if (source.kind === 'url') addresses.add(source.url);
  if (addresses.size === 0) return request;
  if (addresses.size > MOST_ADDRESSES) throw tooMany(MOST_ADDRESSES);
  const found = new Map(await Promise.all([...addresses].map(async (address) => [address, await fetch(address)] as const)));
  let characters = request.media.characters;
  const bytes = (source: MediaSource): MediaSource => {
    const media = source.kind === 'url' ? found.get(source.url) : undefined;
    if (!media || source.kind !== 'url') return source;
    characters += unreadCharacters(media.mediaType, media.data) - source.url.length;
    return { kind: 'base64', ...media };
  };
  const turns = conversation.turns.map((turn): Turn => ({ ...turn, parts: turn.parts.map((part) => replaced(part, bytes)) }));
  return { ...request, media: { ...request.media, characters }, conversation: () => ({ ...conversation, turns }) };
}

function sourcesOf(part: Part): MediaSource[] {
  if (part.type === 'image' || part.type === 'file') return [part.source];
  return part.type === 'tool_result' ? part.content.flatMap(sourcesOf) : [];
}

function replaced<P extends Part>(part: P, bytes: (source: MediaSource) => MediaSource): P {
  if (part.type === 'image' || part.type === 'file') return { ...part, source: bytes(part.source) };
  if (part.type === 'tool_result') return { ...part, content: part.content.map((one) => replaced(one, bytes)) };
  return part;
}
