import type { CallerDialect } from '../../neutral/dialect.ts';
import { parseMessages } from './parse.ts';
import { withFiles } from './with-files.ts';
import { MessagesWriter } from './writer.ts';

/** `POST /v1/messages`, as Anthropic's API reference and @anthropic-ai/sdk 1.14 describe it. */
export const messagesCaller: CallerDialect = {
  name: 'messages',
  parse: (body, headers) => parseMessages(body, headers),
  writer: (_, facts) => new MessagesWriter(facts),
  withFiles,
};
