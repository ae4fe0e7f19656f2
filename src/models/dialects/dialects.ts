import type { BackendDialect, CallerDialect } from '../neutral/dialect.ts';
import type { DialectIn, DialectOut } from '../neutral/parts.ts';
import { bedrockBackend } from './bedrock/backend.ts';
import { chatBackend } from './chat/backend.ts';
import { chatCaller } from './chat/caller.ts';
import { embeddingsCaller } from './embeddings/caller.ts';
import { geminiBackend } from './gemini/backend.ts';
import { messagesBackend } from './messages/backend.ts';
import { messagesCaller } from './messages/caller.ts';
import { responsesBackend } from './responses/backend.ts';
import { responsesCaller } from './responses/caller.ts';

/** The wire forms that callers may speak. Each passes the tests in `conformance/` with every other. */
export const CALLER_DIALECTS: { readonly [D in DialectIn]?: CallerDialect } = { chat: chatCaller, responses: responsesCaller, messages: messagesCaller, embeddings: embeddingsCaller };

/** The wire forms of backends. The local engine speaks none: see `run/local-attempt.ts`. */
export const BACKEND_DIALECTS: { readonly [D in Exclude<DialectOut, 'local'>]: BackendDialect } = {
  chat: chatBackend, responses: responsesBackend, messages: messagesBackend, gemini: geminiBackend, bedrock: bedrockBackend,
};
