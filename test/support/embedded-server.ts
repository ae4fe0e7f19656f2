// A process that runs the embedded database of a home, to be killed, interrupted or run as another
// user by tests. Prints one line of JSON when it runs or has failed; SIGTERM stops it in order.
import { isTandemError, silentLogger, systemClock } from '../../src/base/index.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';

const [home = '', ...settings] = process.argv.slice(2);
try {
  const server = await startEmbeddedPostgres({
    home,
    log: silentLogger,
    clock: systemClock,
    settings: Object.fromEntries(settings.map((setting) => setting.split('=') as [string, string])),
  });
  process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
  console.log(JSON.stringify({ ok: true, pid: server.pid, adopted: server.adopted, connection: server.connection }));
} catch (error) {
  if (!isTandemError(error)) throw error;
  console.log(JSON.stringify({ ok: false, code: error.code, message: error.message, next: error.next }));
}
