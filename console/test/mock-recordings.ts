import type { ServerResponse } from 'node:http';
import type { ReplyOf, Schemas } from '../src/api/client.ts';
import { NOW } from './mock-basics.ts';
import { HOSTILE } from './mock-fleet.ts';

type Recording = ReplyOf<'/api/leases/{id}/recordings', 'get'>['items'][number];

const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
/** Ids of what can be played, whatever else is asked for. */
export const CASTS = { shell: '01938f2a-7c00-7fff-8a3d-0000000000c1', hostile: '01938f2a-7c00-7fff-8a3d-0000000000c2', broken: '01938f2a-7c00-7fff-8a3d-0000000000c3' } as const;

/** Recordings of one of the invented leases; the others have none. */
export function recordingsOf({ id, name }: Schemas['Lease']): Recording[] {
  if (name !== 'ios-screens') return [];
  const one = (more: Partial<Recording>): Recording => ({ id: CASTS.shell, leaseId: id, machineId: 'm', kind: 'shell', person: 'Ines Okafor', command: null, state: 'kept', reason: null, tamperProof: true, whole: true, bytes: 4_000, columns: 60, rows: 12, exitCode: 0, startedAt: ago(4_000), endedAt: ago(3_990), expiresAt: ago(-29 * 86_400), ...more });
  return [
    one({}), one({ id: CASTS.hostile, command: HOSTILE, person: HOSTILE, tamperProof: false }), one({ id: CASTS.broken, kind: 'terminal', whole: false }),
    one({ id: '01938f2a-7c00-7fff-8a3d-0000000000c4', kind: 'command', command: 'rsync --server --sender . results', bytes: 0, columns: null, rows: null }),
    one({ id: '01938f2a-7c00-7fff-8a3d-0000000000c5', kind: 'connection', bytes: 0, state: 'refused', reason: 'What the machine sent is no recording: line 3 is not JSON.', columns: null, rows: null }),
  ];
}

const lines = (...events: (readonly [number, string, string])[]): string => [JSON.stringify({ version: 2, width: 60, height: 12 }), ...events.map((event) => JSON.stringify(event))].join('\n');
const BODIES: Readonly<Record<string, () => string>> = {
  [CASTS.shell]: () => lines([0, 'o', '$ make\r\n'], [2, 'o', '\u001b[32mbuilt\u001b[0m\r\n'], [10, 'o', '$ exit\r\n']),
  [CASTS.hostile]: () => lines([0, 'o', '\u001b]52;c;c3RvbGVu\u0007\u001b]0;evil\u0007\u001b]8;;javascript:document.title=1\u0007press me\u001b]8;;\u0007\r\n'], [0, 'o', `${HOSTILE}\r\n\u001b[6n\u001b[c\u001b]1337;File=:${'A'.repeat(50_000)}\u0007\u001b[10;1Hstill here`]),
  [CASTS.broken]: () => '{"version":2,"width":60,"height":12}\n[0,"o","x"]\nnot json\n',
};

/** A recording as the server sends it: a file, to be saved and not shown. */
export function sendCast(response: ServerResponse, path: string): void {
  const body = BODIES[path.split('/').at(-1) ?? ''];
  if (!body) return void response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { code: 'resource_not_found', message: 'There is no such recording.', next: 'List what exists.' } }));
  response.writeHead(200, { 'content-type': 'application/x-asciicast', 'content-disposition': 'attachment; filename="session.cast"' }).end(body());
}
