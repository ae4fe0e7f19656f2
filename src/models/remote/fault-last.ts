import { BadReply } from '../neutral/bad-reply.ts';
import type { ReplyReader } from '../neutral/dialect.ts';
import type { ReplyEvent } from '../neutral/reply.ts';
import { EventTooLarge } from './sse-parser.ts';

/** The part of a reader that is the same in every dialect: what came before a fault, in the same bytes, is told before the fault. */
export abstract class FaultLast implements Pick<ReplyReader, 'failure' | 'push' | 'end'> {
  failure: Error | null = null;

  /** Reads these bytes into events. @throws what is wrong with them: the events before it stand. */
  protected abstract read(chunk: Buffer): void;
  /** The body is complete. @throws BadReply when it ended in the middle. */
  protected abstract close(): void;
  /** The events that were read since it was last asked. */
  protected abstract taken(): readonly ReplyEvent[];

  push(chunk: Buffer): readonly ReplyEvent[] {
    if (this.failure) throw this.failure;
    try {
      this.read(chunk);
    } catch (error) {
      this.failure = error instanceof EventTooLarge ? new BadReply('one event of its answer is too large') : (error as Error);
    }
    const events = this.taken();
    if (this.failure && events.length === 0) throw this.failure;
    return events;
  }

  end(): readonly ReplyEvent[] {
    if (this.failure) throw this.failure;
    this.close();
    return this.taken();
  }
}
