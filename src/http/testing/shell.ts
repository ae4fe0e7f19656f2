import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TandemError, silentLogger, systemClock } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import { assemble, type HttpServer, type ShellOptions } from '../assemble.ts';
import type { ModelApi } from '../faces.ts';

/** A caller for tests of the shell alone. */
export const testPrincipal: Principal = {
  organisationId: '01900000-0000-7000-8000-000000000001', projectId: null, keyId: '01900000-0000-7000-8000-000000000002',
  actor: { kind: 'key', id: '01900000-0000-7000-8000-000000000002', label: 'test' }, role: 'owner', allowedModels: null, tier: 'standard', currency: 'USD', ofOperator: true,
  sessionId: null, expiresAtMs: null,
};

/** The only key that the test shell knows. */
export const TEST_KEY = 'test-key';
/** The only session that the test shell knows. */
export const TEST_SESSION = 'test-session';

const nothingStored = async (): Promise<never> => { throw new TandemError('content_not_found', { params: { kind: 'thing', id: 'x' } }); };

/** A fake of `models`: echoes the conversation's length. */
export const echoModels: ModelApi = {
  speaks: (dialect) => dialect === 'chat',
  async call(_dialect, { body, requestId }, sink) {
    const reply = JSON.stringify({ id: requestId, object: 'chat.completion', echo: body });
    sink.head(200, { 'content-type': 'application/json' });
    sink.end(reply);
  },
  files: { begin: nothingStored, list: nothingStored, show: nothingStored, open: nothingStored, remove: nothingStored },
  responses: { compact: nothingStored, session: () => ({ forget: () => {} }), turn: nothingStored, retrieve: nothingStored, stream: nothingStored, inputItems: nothingStored, delete: nothingStored, cancel: nothingStored },
  feedback: { give: nothingStored },
  batches: { create: nothingStored, list: nothingStored, show: nothingStored, cancel: nothingStored },
  countTokens: async () => ({ tokens: 1, counted: 'estimate', limits: null }),
  entries: () => ['tandem/local', 'plain'].map((id) => ({ id, createdAtMs: 0, contextTokens: null, maxOutputTokens: 1 })),
  list: () => ({ object: 'list', data: [{ id: 'tandem/local' }, { id: 'plain' }] }),
  status: () => ({ object: 'status' }),
};

export interface TestShell {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The surface on a free port with fakes behind it; each part may be replaced. */
export async function startShell(options: Partial<ShellOptions> = {}): Promise<TestShell> {
  const server = await assemble({
    host: '127.0.0.1', port: 0, tls: null, publicOrigin: null, trustedProxies: [], maxBodyBytes: 1_048_576, maxFileBytes: 4_194_304,
    consoleFolder: join(tmpdir(), 'no-console-here'), clock: systemClock, log: silentLogger, checkReplies: true,
    credentials: {
      verifyKey(presented) {
        if (presented !== TEST_KEY) throw new TandemError('invalid_api_key');
        return testPrincipal;
      },
      verifySession(token) {
        if (token !== TEST_SESSION) throw new TandemError('session_required');
        return { ...testPrincipal, keyId: null, sessionId: '01900000-0000-7000-8000-000000000003' };
      },
    },
    recheck: async () => {},
    models: echoModels,
    gateway: { enter: nothingStored },
    screens: { open: nothingStored },
    terminals: { admit: nothingStored, open: nothingStored },
    bindings: [],
    readiness: () => [],
    metricsSource: {
      ledger: () => ({ unsyncedAgeMs: 0, backlogRecords: 0, backlogBytes: 0 }),
      queue: () => ({ waiting: 0, running: 0 }),
      database: () => ({ staleForMs: 0 }),
    },
    ...options,
  });
  const { url, port } = await server.listen();
  return { url, port, server, [Symbol.asyncDispose]: async () => void (await server.close(0)) };
}
