import type { ChildProcess } from 'node:child_process';
import { chmodSync, openSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { holdByAccount } from '../macos/hold.ts';
import type { Outside } from '../outside.ts';
import { homeAt } from '../state/home.ts';
import type { Message } from '../wire/index.ts';
import { holdInSandbox } from './hold.ts';
import { spawnInside } from './inside.ts';
import { readJob } from './job-files.ts';
import { Job } from './job.ts';
import { joinPort } from './join-port.ts';
import { Once } from './once/once.ts';
import { rankAddress } from './ranks/addresses.ts';
import { RankLineHolder } from './ranks/rank-line-holder.ts';
import { RankWay } from './ranks/rank-way.ts';
import { hasShell, pathsOf, readRecord } from './record.ts';
import { Recording } from './recordings/recording.ts';
import { recordSsh } from './recordings/ssh-recording.ts';
import { SCREEN_PORT, Screen } from './screen.ts';
import { folderInside, sshSession } from './ssh-files.ts';
import { ruleId } from './surroundings.ts';
import { resizeIn } from './terminal-program.ts';
import { Terminals, type TerminalOrder } from './terminals.ts';

/**
 * What is said to a keeper: one JSON line, answered by `ok`. After `ssh` the socket is sshd's, after `screen` the VNC server's, after `port` that of whoever listens there, after `terminal` a
 * terminal's. `job` begins what `job.json` says, where it has not begun, and answers with how it is doing; `once` does so with what runs once and is not begun again, and `stop-once` ends that. After `rank` the socket is that
 * of whoever listens at the rank's own address, and after `ranks` the line over which programs inside ask for the other ranks. `way` has the way to them be what was written down, and `probe` says which of them do not answer. */
export type KeeperWord = { readonly do: 'until'; readonly untilUptimeMs: number } | { readonly do: 'end' | 'job' | 'once' | 'way' | 'probe' } | { readonly do: 'ssh'; readonly record: string | null } | { readonly do: 'screen' | 'ranks' } | { readonly do: 'port' | 'rank'; readonly port: number } | { readonly do: 'stop-once'; readonly graceMs: number } | ({ readonly do: 'terminal' } & TerminalOrder);

const LOOK_MS = 200;
/** A VNC server that was just begun is there within 15 s. */
const START_TRIES = 300;
/** Ranks do not begin at the same moment: less than whoever asks waits for an answer. */
const RANK_TRIES = 160;
/** People's, and one for each call at a time to a program that is served from the lease. */
const MOST_SESSIONS = 256;
const MOST_WORD_BYTES = 1_000;

/**
 * One lease's watchdog, a process of its own that outlives the agent: it holds the sandbox, lets sessions in, and ends all of it when the
 * time is over, whether anybody is there to say so or not. Its own end is the sandbox's end. Resolves when nothing of the lease runs any more.
 */
export async function keepLease(root: string, lease: string, outside: Outside): Promise<void> {
  const home = homeAt(root);
  const paths = pathsOf(home, lease);
  const record = readRecord(paths.record);
  const log = openSync(paths.log, 'a', 0o600);
  const hold = await (process.platform === 'darwin' ? holdByAccount : holdInSandbox)(home, record, paths, outside, log);
  const { inside } = hold;
  let untilUptimeMs = record.untilUptimeMs;
  let ended = false;
  let job: Job | undefined;
  const once = new Once(paths, inside, outside);
  const sessions = new Set<ChildProcess>();
  const stopped = Promise.withResolvers<void>();
  const end = (): void => {
    ended = true;
    job?.end();
    once.over('cut');
    rankLine.end();
    hold.end();
  };

  /** Gives the socket to a program inside, which is the session from then on: nothing of it goes through this process. */
  const letIn = (socket: Socket, command: readonly string[], first = '', gone?: () => Promise<void>): void => {
    if (sessions.size >= MOST_SESSIONS) {
      socket.destroy();
      return void gone?.();
    }
    const hand = (): void => {
      const session = spawnInside(inside, command, [socket, socket, log]);
      sessions.add(session);
      const leave = (): void => {
        if (sessions.delete(session)) void gone?.();
      };
      session.once('close', leave).once('error', leave);
      // The session has the socket now: this end of it is closed, not shut down.
      socket.destroy();
    };
    if (first === '') hand();
    else socket.write(first, hand);
  };
  /** @throws Error where it is to be recorded and cannot be: then nobody is let in. */
  const letInBySsh = (socket: Socket, person: string | null): void => {
    const recorded = person === null ? undefined : recordSsh(new Recording(home, outside, { lease, kind: 'connection', person, tamperProof: record.access !== 'root' }), { paths, uid: record.uid, folderInside: folderInside(paths), mac: 'account' in inside, wait: (ms) => outside.wait(ms), resize: resizeIn(inside) });
    letIn(socket, [...sshSession(paths), ...(recorded?.args ?? [])], 'ok\n', recorded?.ended);
  };
  const screen = new Screen(inside, log);
  const rankLine = new RankLineHolder({ home, record, inside, log });
  const way = 'pid' in inside ? new RankWay({ paths, ranks: record.ranks, pid: inside.pid, rules: ruleId(home, lease) }) : undefined;
  const answerBy = (socket: Socket, answer: Promise<Message> = Promise.resolve({ refused: 'not on macOS' })): void => void answer.then((said) => socket.end(`ok\n${JSON.stringify(said)}\n`));
  const terminals = new Terminals({ inside, log, bootMs: () => outside.bootMs(), recording: (person) => new Recording(home, outside, { lease, kind: 'terminal', person, tamperProof: record.access !== 'root' }) });
  const tellJob = (socket: Socket): void => {
    const order = job === undefined ? readJob(paths) : undefined;
    if (order !== undefined) {
      job = new Job(order, inside, outside);
      void job.run();
    }
    socket.end(`ok\n${JSON.stringify(job?.describe() ?? null)}\n`);
  };
  const obey = (word: KeeperWord, socket: Socket): void => {
    // Asked at the server before; said here again, where nothing that speaks for a server can change it.
    if (!hasShell(record) && (word.do === 'ssh' || word.do === 'screen' || word.do === 'terminal')) return void socket.destroy();
    switch (word.do) {
      case 'until':
        // Its bounds are being taken away: granted anew, the lease gets another keeper.
        if (ended) return void socket.destroy();
        untilUptimeMs = word.untilUptimeMs;
        socket.end('ok\n');
        return;
      case 'end':
        end();
        void stopped.promise.then(() => socket.end('ok\n'));
        return;
      case 'ssh': return letInBySsh(socket, word.record);
      case 'screen':
        screen.start();
        return letIn(socket, joinPort(SCREEN_PORT, { tries: START_TRIES }));
      case 'job': return tellJob(socket);
      case 'once':
        socket.end(`ok\n${JSON.stringify(once.tell() ?? {})}\n`);
        return;
      case 'stop-once':
        socket.end(`ok\n${JSON.stringify(once.stop(word.graceMs))}\n`);
        return;
      case 'port': return letIn(socket, joinPort(word.port));
      case 'rank': return record.ranks === null ? void socket.destroy() : letIn(socket, joinPort(word.port, { tries: RANK_TRIES, host: rankAddress(record.ranks.rank) }));
      case 'ranks': return void rankLine.take(socket);
      case 'way': return answerBy(socket, way?.turn());
      case 'probe': return answerBy(socket, way?.probe());
      case 'terminal': return terminals.join(word, socket);
    }
  };
  rmSync(paths.socket, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    readWord(socket, (word) => obey(word, socket));
  });
  server.listen(paths.socket, () => chmodSync(paths.socket, 0o600));

  void (async () => {
    while (!ended) {
      if (outside.bootMs() >= untilUptimeMs) {
        outside.log(`the time of the lease ${lease} is over`);
        end();
      }
      terminals.look();
      await outside.wait(LOOK_MS);
    }
  })();
  await hold.over;
  ended = true;
  job?.end();
  once.over('lost');
  rankLine.end();
  await once.written();
  await Promise.all([...sessions].map((session) => new Promise((resolve) => { session.once('close', resolve); })));
  await hold.takeAway();
  stopped.resolve();
  server.close();
  rmSync(paths.socket, { force: true });
}

/** One line, byte by byte bounded; what comes after it stays in the socket for whoever takes it. */
function readWord(socket: Socket, obey: (word: KeeperWord) => void): void {
  let line = '';
  const onData = (chunk: Buffer): void => {
    line += chunk.toString();
    if (line.length > MOST_WORD_BYTES) return void socket.destroy();
    const end = line.indexOf('\n');
    if (end === -1) return;
    // The agent waits for the answer, so nothing comes after the line.
    socket.off('data', onData);
    socket.pause();
    try {
      obey(JSON.parse(line.slice(0, end)) as KeeperWord);
    } catch {
      socket.destroy();
    }
  };
  socket.on('data', onData);
}
