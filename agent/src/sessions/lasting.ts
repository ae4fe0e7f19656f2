import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { RESUME_GREETING, Resumable, WireError, isProof, readWish, resumeId, textOf, type Message, type ResumeWish } from '../wire/index.ts';
import type { PooledSocket } from './join-sockets.ts';

/** What the server says of a session that can be taken up again. */
export interface ResumeOrder {
  /** Whether it is to be one that is here already. */
  readonly again: boolean;
  /** Who: nobody else takes it up. */
  readonly person: string;
}

interface Lasting {
  readonly resumable: Resumable;
  readonly inner: Socket;
  readonly secret: string;
  readonly person: string;
  readonly recorded: boolean;
  turn: number;
  /** When its line was lost; undefined: it has one. */
  lostMs: number | undefined;
}

/** How long a session waits for who had it. */
const WAIT_MS = 300_000;
/** Of one lease: each may hold some megabytes. */
const MOST_WAITING = 16;
const WISH_MS = 20_000;

/** @throws WireError. Undefined: the session ends with its line. */
export function resumeOf(params: Message): ResumeOrder | undefined {
  const { resume } = params;
  if (resume === undefined) return undefined;
  if (typeof resume !== 'object' || resume === null) throw new WireError('bad_message', 'resume is no order');
  return { again: (resume as Message)['again'] === true, person: textOf(resume as Message, 'person', 100) };
}

/**
 * Sessions of one lease that outlive their line to the server: the end of a server, or of the network, leaves them here for some minutes. Whoever
 * takes one up must have been let in by the server as the same person, and hold the secret that the session began with.
 */
export class LastingSessions {
  readonly #bootMs: () => number;
  readonly #sessions = new Map<string, Lasting>();

  constructor(bootMs: () => number) {
    this.#bootMs = bootMs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Hears on a new line which session it is for. @param inner of a session that begins. @param recorded whether sessions of this lease are to be recorded now. Never throws. */
  async take(outer: PooledSocket & { readonly socket: TLSSocket }, order: ResumeOrder, recorded: boolean, inner?: PooledSocket): Promise<void> {
    const { socket: line, reads } = outer;
    line.write(`${RESUME_GREETING}\n`);
    try {
      const wish = await readWish(reads.first, AbortSignal.timeout(WISH_MS));
      const session = wish.kind === 'new' ? this.#begin(wish.secret, order, recorded, inner) : this.#find(wish, order, recorded);
      line.write(`ok ${session.resumable.read}\n`);
      session.resumable.attach(line, wish.kind === 'new' ? 0 : wish.read, reads);
      session.lostMs = undefined;
    } catch (error) {
      inner?.socket.destroy();
      if (line.destroyed) return;
      line.end(`no ${error instanceof WireError ? error.message : 'it failed'}\n`);
      line.resume();
    }
  }

  /** Ends those that nobody came back to. */
  look(): void {
    for (const [id, { lostMs }] of this.#sessions) if (lostMs !== undefined && this.#bootMs() - lostMs >= WAIT_MS) this.#drop(id);
  }

  #begin(secret: string, { person }: ResumeOrder, recorded: boolean, inner: PooledSocket | undefined): Lasting {
    const id = resumeId(secret);
    if (inner === undefined || this.#sessions.has(id)) throw new WireError('protocol', 'no session begins here');
    const { socket, reads } = inner;
    const resumable = new Resumable(socket);
    const session: Lasting = { resumable, inner: socket, secret, person, recorded, turn: 0, lostMs: this.#bootMs() };
    this.#sessions.set(id, session);
    resumable.onLost = () => this.#lost(id, session);
    resumable.onChange = () => {
      if (resumable.delivered) this.#drop(id);
    };
    socket.once('close', () => {
      // What it said last is still to be heard, unless nobody is there any more.
      if (!socket.readableEnded || (session.lostMs !== undefined && resumable.theyEnded)) this.#drop(id);
    });
    reads.passOn(socket, resumable.input);
    return session;
  }

  #find(wish: Extract<ResumeWish, { kind: 'again' }>, { person, again }: ResumeOrder, recorded: boolean): Lasting {
    const session = this.#sessions.get(wish.id);
    // One that was begun without being recorded is not gone on with where the rule is new.
    if (!again || session === undefined || session.person !== person || !isProof(session.secret, wish) || wish.turn <= session.turn || (recorded && !session.recorded)) throw new WireError('gone', 'the machine does not have the session any more');
    session.turn = wish.turn;
    return session;
  }

  #lost(id: string, session: Lasting): void {
    // Who has ended and is gone does not come back.
    if (session.resumable.theyEnded) return this.#drop(id);
    session.lostMs = this.#bootMs();
    const waiting = [...this.#sessions].filter(([, { lostMs }]) => lostMs !== undefined).toSorted(([, one], [, other]) => one.lostMs! - other.lostMs!);
    for (const [oldest] of waiting.slice(0, Math.max(0, waiting.length - MOST_WAITING))) this.#drop(oldest);
  }

  #drop(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    const { resumable, inner } = session;
    resumable.leave();
    // Of who has ended, after what is on its way.
    if (resumable.theyEnded) inner.destroySoon();
    else inner.destroy();
  }
}
