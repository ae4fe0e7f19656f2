import { expect, test } from 'vitest';
import type { Principal } from '../ports.ts';
import { mediaTypeOf } from './media-type.ts';
import { readStored } from './stored-media.ts';

const MIB = 1024 * 1024;
const signal = new AbortController().signal;
const principal = {} as Principal;

/** Files of so many bytes each, and a count of those that were read. */
function shelf(sizes: Readonly<Record<string, number>>, missing = 0) {
  const read: string[] = [];
  return {
    read,
    open: async (_: Principal, id: string) => ({
      file: { id, object: 'file' as const, bytes: sizes[id]!, created_at: 0, expires_at: null, filename: `${id}.txt`, purpose: 'user_data', status: 'processed' as const },
      pieces: (async function* () {
        read.push(id);
        yield Buffer.alloc(sizes[id]! - missing, 'a');
      })(),
    }),
  };
}

test('each file is read once, however often it is named', async () => {
  const files = shelf({ a: 3, b: 4 });
  expect([...await readStored(files, principal, ['a', 'b', 'a'], signal)]).toEqual([
    ['a', { name: 'a.txt', mediaType: 'text/plain', data: 'YWFh' }], ['b', { name: 'b.txt', mediaType: 'text/plain', data: 'YWFhYQ==' }],
  ]);
  expect(files.read).toEqual(['a', 'b']);
});

test('too many or too much are refused before a byte is read', async () => {
  const files = shelf({ a: 15 * MIB, b: 6 * MIB });
  await expect(readStored(files, principal, ['a', 'b'], signal)).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('20 MiB') });
  await expect(readStored(files, principal, Array.from({ length: 21 }, (_, at) => `f${at}`), signal)).rejects.toMatchObject({ code: 'invalid_request' });
  expect(files.read).toEqual([]);
});

test('one that is deleted while it is read is not found, and nobody waits for a client that left', async () => {
  await expect(readStored(shelf({ a: 10 }, 4), principal, ['a'], signal)).rejects.toMatchObject({ code: 'content_not_found' });
  const left = AbortSignal.abort(new Error('left'));
  await expect(readStored(shelf({ a: 10 }), principal, ['a'], left)).rejects.toThrow('left');
});

test.each<[string, string, string]>([
  ['\x89PNG\r\n\x1a\n....', 'x.pdf', 'image/png'], ['\xff\xd8\xff\xe0', 'x', 'image/jpeg'], ['GIF89a', 'x', 'image/gif'], ['RIFF\x01\x02\x03\x04WEBPVP8 ', 'x', 'image/webp'], ['%PDF-1.7', 'x.txt', 'application/pdf'],
  ['PK\x03\x04\x00', 'a.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'], ['PK\x03\x04\x00', 'a.jar', 'application/zip'],
  ['a,b\n', 'a.CSV', 'text/csv'], ['{}', 'a.json', 'application/json'], ['let x', 'a.ts', 'text/plain'], ['\x00\x01', 'a.txt', 'application/octet-stream'], ['\xff\xfe', 'a.txt', 'application/octet-stream'], ['', 'a', 'text/plain'],
])('%j named %s is %s', (bytes, name, type) => {
  expect(mediaTypeOf(Buffer.from(bytes, 'latin1'), name)).toBe(type);
});
