import { connect, type Socket } from 'node:net';
import type { KeeperWord } from './keeper.ts';

const ANSWER_MS = 10_000;

/** Says one word to a keeper. Undefined: there is none. The socket is open still; after `ssh` and `screen` it is the session's. */
export function sayToKeeper(path: string, word: KeeperWord): Promise<{ readonly socket: Socket; readonly rest: Buffer } | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const give = (found: { socket: Socket; rest: Buffer } | undefined): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      if (found === undefined) socket.destroy();
      resolve(found);
    };
    let seen = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\n');
      if (end === -1) return;
      socket.pause();
      give(seen.toString('utf8', 0, end) === 'ok' ? { socket, rest: seen.subarray(end + 1) } : undefined);
    };
    const onClose = (): void => give(undefined);
    const timer = setTimeout(() => give(undefined), ANSWER_MS);
    socket.on('error', () => {});
    socket.on('data', onData).on('close', onClose);
    socket.once('connect', () => socket.write(`${JSON.stringify(word)}\n`));
  });
}
