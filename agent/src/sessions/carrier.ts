import { chmodSync, existsSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { sayToKeeper } from '../leases/keeper-line.ts';
import type { KeeperWord } from '../leases/keeper.ts';
import { pathsOf } from '../leases/record.ts';
import type { Outside } from '../outside.ts';
import { homeAt, readIdentity } from '../state/home.ts';
import { PooledReads, WireError, readLine } from '../wire/index.ts';
import { dialSession } from './dial-session.ts';
import { joinSockets } from './join-sockets.ts';
import { LastingSessions, type ResumeOrder } from './lasting.ts';

/** What the agent says to a carrier: one JSON line, answered by `ok` or by `no`, a code and why. */
export interface CarryWord {
  /** What the server knows the session by, once. */
  readonly token: string;
  /** What the keeper is asked for. */
  readonly session: KeeperWord;
  /** Where it is to outlive its line. Carriers of before do not know of it. */
  readonly resume?: ResumeOrder;
}

const LOOK_MS = 1_000;
/** Kept for the next session, which then need not wait for a process to start. */
const IDLE_MS = 300_000;
const MOST_WORD_BYTES = 1_000;
const WORD_MS = 5_000;

/**
 * Carries a lease's sessions between its keeper and the server, each by a connection of its own: a process that outlives the agent, so that
 * neither its crash nor its update ends one, and apart from the keeper, so that nothing that is said in a session can end the lease.
 * Resolves when there is no session left and none was asked for in a while, or when the lease is over.
 */
export async function carryLease(root: string, lease: string, outside: Outside): Promise<void> {
  const home = homeAt(root);
  const paths = pathsOf(home, lease);
  const sessions = new Set<Socket>();
  const lasting = new LastingSessions(() => outside.bootMs());
  let busy = 0;
  let askedMs = outside.bootMs();

  const carry = async ({ token, session, resume }: CarryWord): Promise<void> => {
    const [innerReads, outerReads] = [new PooledReads(), new PooledReads()];
    const inner = resume?.again === true ? undefined : await sayToKeeper(paths.socket, session, innerReads);
    if (inner === undefined && resume?.again !== true) throw session.do === 'port' || session.do === 'rank' ? new WireError('no_port', 'nothing listens at that port of the lease') : new WireError('not_running', 'the lease does not run here');
    try {
      const outer = { socket: await dialSession(readIdentity(home), token, outerReads), reads: outerReads };
      const joined = inner && { socket: inner, reads: innerReads };
      if (resume !== undefined) return void lasting.take(outer, resume, 'record' in session && session.record !== null, joined);
      sessions.add(inner!);
      inner!.on('close', () => sessions.delete(inner!));
      joinSockets(outer, joined!);
    } catch (error) {
      inner?.destroy();
      throw new WireError('no_carrier', error instanceof Error ? error.message : 'the server could not be reached');
    }
  };
  const answer = async (asking: Socket): Promise<void> => {
    busy += 1;
    try {
      await carry(JSON.parse(await readLine(asking, MOST_WORD_BYTES, AbortSignal.timeout(WORD_MS))) as CarryWord);
      asking.end('ok\n');
    } catch (error) {
      const { code, message } = error instanceof WireError ? error : { code: 'failed', message: 'it failed' };
      asking.end(`no ${code} ${message.replace(/\s+/g, ' ').slice(0, 300)}\n`);
    } finally {
      busy -= 1;
      askedMs = outside.bootMs();
    }
  };

  rmSync(paths.carrier, { force: true });
  const server = createServer((asking) => {
    asking.on('error', () => asking.destroy());
    void answer(asking);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(paths.carrier, resolve));
  chmodSync(paths.carrier, 0o600);
  while (sessions.size + lasting.size + busy > 0 || (existsSync(paths.socket) && outside.bootMs() - askedMs < IDLE_MS)) {
    await outside.wait(LOOK_MS);
    lasting.look();
  }
  server.close();
}
