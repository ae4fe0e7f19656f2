/** What comes of one fault: what the client sees, how often each backend was called, what was charged. */
export interface FaultOutcome {
  readonly client: string;
  /** Connections, where no request can come in. */
  readonly calls: readonly number[];
  readonly charged: 'nothing' | 'what was delivered' | 'the answer';
}

export interface FaultRow {
  readonly fault: string;
  readonly reply: 'whole' | 'streamed';
  /** The model has this one backend. */
  readonly alone: FaultOutcome;
  /** The model has a second backend, which is well. */
  readonly second: FaultOutcome;
}

const ANSWER: Pick<FaultOutcome, 'client' | 'charged'> = { client: 'the answer', charged: 'the answer' };

/** Nothing was delivered: an error with a status, and the second backend answers. */
function before(fault: string, client: string, calls = 1): FaultRow[] {
  return (['whole', 'streamed'] as const).map((reply) => ({ fault, reply, alone: { client, calls: [calls], charged: 'nothing' }, second: { ...ANSWER, calls: [calls, 1] } }));
}

/** No other backend is asked. */
function final(fault: string, reply: FaultRow['reply'], client: string, charged: FaultOutcome['charged']): FaultRow {
  return { fault, reply, alone: { client, calls: [1], charged }, second: { client, calls: [1, 0], charged } };
}

/** A whole answer that breaks off was not delivered; of a stream something was. */
function inTheMiddle(fault: string, code: string): FaultRow[] {
  return [before(fault, '502 backend_failed')[0]!, final(fault, 'streamed', `what was delivered, then an error in the stream: ${code}`, 'what was delivered')];
}

const UNREACHABLE = '503 backend_unreachable, retry-after 5';
const FAILED = '502 backend_failed';

/** The faults of backends and what comes of them. `faults.test.ts` runs each row over real sockets; the page is made of it. */
export const FAULTS: readonly FaultRow[] = [
  ...before('connection refused', UNREACHABLE, 0),
  ...before('name without an address (DNS)', UNREACHABLE, 0),
  ...before('certificate not accepted (TLS)', UNREACHABLE),
  // Nothing of an answer came, so the request is sent once more to the same place.
  ...before('reset before the request is read', UNREACHABLE, 2),
  ...before('reset after the request, before the answer', UNREACHABLE, 2),
  ...before('reset after the head', FAILED),
  ...before('reset before the first word', FAILED),
  ...inTheMiddle('reset in the middle', 'backend_failed'),
  ...before('no first byte', '504 backend_timeout'),
  ...before('stalled before the first word', '504 backend_timeout'),
  before('stalled in the middle', '504 backend_timeout')[0]!,
  final('stalled in the middle', 'streamed', 'what was delivered, then an error in the stream: backend_timeout', 'what was delivered'),
  ...inTheMiddle('ends in the middle, as if all were well', 'backend_failed'),
  ...inTheMiddle('last event cut in half', 'backend_failed'),
  ...before('429 with retry-after: 7', '429 backend_busy, retry-after 7'),
  ...before('429 without retry-after', '429 backend_busy, retry-after 1'),
  ...before('401', FAILED),
  ...before('500', FAILED),
  ...before('503', UNREACHABLE),
  final('400', 'whole', '400 backend_refused', 'nothing'),
  final('400', 'streamed', '400 backend_refused', 'nothing'),
  ...before('garbage instead of JSON', FAILED),
  ...before('garbage in an event', FAILED),
  ...before('an error inside the answer', FAILED),
  ...before('an error inside the answer: busy', '429 backend_busy, retry-after 1'),
  final('an error inside the answer: a wrong request', 'whole', '400 backend_refused', 'nothing'),
  final('an error inside the answer: a wrong request', 'streamed', '400 backend_refused', 'nothing'),
  ...before('wrong content type', FAILED),
];

/** Faults of more than one call or one backend. */
export interface WideFault {
  readonly fault: string;
  readonly clients: string;
  readonly calls: readonly number[];
  readonly charged: string;
}

export const WIDE_FAULTS = {
  region: { fault: 'all three targets of the first region refuse at once; a fourth, in another region, is well', clients: 'the answer', calls: [1, 1, 0, 1], charged: 'the answer' },
  flapping: { fault: 'flapping: the first of two targets fails every second call; 20 calls', clients: '20 times the answer', calls: [9, 16], charged: '20 answers' },
} as const satisfies Readonly<Record<string, WideFault>>;
