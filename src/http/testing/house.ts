import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { createServer, type ServerOptions } from '../create-server.ts';
import { emptyFleet, emptyGateway, emptyScreens, emptyRecordings, emptyRoots, emptyTerminals, emptyLedger, emptyModels } from './doors.ts';
import { asking, type Asked } from './asking.ts';

export interface HttpHouse extends TestAccess {
  readonly url: string;
  readonly port: number;
  /** One request with the admin key; headers given replace the key. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Asked>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The server over the real access room and a real database; ledger and models are fakes unless given. */
export async function openHttpHouse(options: Partial<ServerOptions> & { file?: Record<string, unknown> } = {}): Promise<HttpHouse> {
  const test = await openTestAccess(options.file ? { file: options.file } : {});
  const server = await createServer({
    access: test.access, database: test.database, ledger: emptyLedger, models: emptyModels, fleet: emptyFleet, gateway: emptyGateway, screens: emptyScreens, terminals: emptyTerminals, recordings: emptyRecordings, roots: emptyRoots, log: silentLogger, clock: systemClock, version: '0.0.0',
    doctor: async () => ({ state: 'pass', checks: [] }), consoleFolder: join(tmpdir(), 'no-console-here'), checkReplies: true,
    config: { host: '127.0.0.1', port: 0, publicUrl: null, tlsCert: null, tlsKey: null, trustedProxies: [], maxBodyBytes: 1_048_576, maxFileBytes: 4_194_304 },
    ...options,
  });
  const { url, port } = await server.listen();
  return {
    ...test, url, port,
    ask: asking(url, test.adminKey),
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await test.close();
    },
  };
}
