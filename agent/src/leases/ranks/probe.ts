import { connect } from 'node:net';
import { rankAddress, type Ranks } from './addresses.ts';

/** No program of a lease can listen there: whatever answers, an answer has come. */
const PORT = 1;
const ANSWER_MS = 5_000;

/** Which of the other ranks do not answer, in the network of whoever runs this: a refusal is an answer. */
export async function unreached({ rank, size }: Ranks): Promise<number[]> {
  const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
  const answered = await Promise.all(others.map((other) => answers(rankAddress(other))));
  return others.filter((_, at) => !answered[at]);
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: PORT });
    const done = (yes: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(yes);
    };
    const timer = setTimeout(() => done(false), ANSWER_MS);
    socket.once('connect', () => done(true)).once('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET'));
  });
}
