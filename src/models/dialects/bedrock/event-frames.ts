import { EventStreamCodec } from '@smithy/eventstream-codec';
import { BadReply } from '../../neutral/bad-reply.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** One event of `application/vnd.amazon.eventstream`. */
export interface EventFrame {
  /** `:event-type`, as in `contentBlockDelta`. */
  readonly type: string;
  readonly value: JsonObject;
}

const codec = new EventStreamCodec((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), (text) => Buffer.from(text));
/** The format's own bounds: a message has at least its two lengths and two checksums, and AWS sends none above 16 MB. */
const LEAST_BYTES = 16;
const MOST_BYTES = 16 * 1024 * 1024;
const BUSY = new Set(['throttlingException', 'serviceUnavailableException', 'modelNotReadyException']);

/** Cuts bytes into frames, wherever they come apart, and checks each frame's sums. */
export class EventFrames {
  #kept: Buffer = Buffer.alloc(0);

  /** Whether the bytes so far end at the end of a frame. */
  get whole(): boolean {
    return this.#kept.length === 0;
  }

  /** @throws BadReply for a frame that is broken, and for an exception that the service tells inside the stream. */
  *push(chunk: Buffer): Generator<EventFrame, void, undefined> {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    while (this.#kept.length >= 4) {
      const length = this.#kept.readUInt32BE(0);
      if (length < LEAST_BYTES || length > MOST_BYTES) throw new BadReply('a frame of its answer has an impossible length');
      if (this.#kept.length < length) break;
      const frame = this.#kept.subarray(0, length);
      this.#kept = this.#kept.subarray(length);
      // One at a time, so that those before a fault are read.
      yield decode(frame);
    }
    // The bytes that were given hold for this call only.
    this.#kept = Buffer.from(this.#kept);
  }
}

function decode(bytes: Buffer): EventFrame {
  let message: ReturnType<EventStreamCodec['decode']>;
  try {
    message = codec.decode(bytes);
  } catch {
    throw new BadReply('a frame of its answer is damaged');
  }
  const header = (name: string) => {
    const value = message.headers[name]?.value;
    return typeof value === 'string' ? value : '';
  };
  const value = parse(Buffer.from(message.body).toString());
  switch (header(':message-type')) {
    case 'event':
      return { type: header(':event-type'), value };
    case 'exception': {
      const said = value['message'] ?? value['Message'];
      throw new BadReply('it reported an error', { ...(typeof said === 'string' && { said }), busy: BUSY.has(header(':exception-type')), refused: header(':exception-type') === 'validationException' });
    }
    default: {
      const said = header(':error-message');
      throw new BadReply('it reported an error', said === '' ? {} : { said });
    }
  }
}

function parse(text: string): JsonObject {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new BadReply('its answer is not made of valid JSON events');
}
