import type { CallerDialect } from '../../neutral/dialect.ts';
import { parseChatRequest } from '../../request/chat-request.ts';
import { withFiles } from './with-files.ts';
import { ChatWriter } from './writer.ts';

/** OpenAI's chat completions, as callers send them. */
export const chatCaller: CallerDialect = {
  name: 'chat',
  parse: parseChatRequest,
  writer: (request, facts) => new ChatWriter(request, facts),
  withFiles,
};
