import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { crc32, deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openZipMember } from './zip-member.ts';

const folder = mkdtempSync(join(tmpdir(), 'tandem-zip-'));
let made = 0;
const file = (content: Buffer) => {
  made += 1;
  const path = join(folder, `${made}.zip`);
  writeFileSync(path, content);
  return path;
};

/** A zip archive as Python's zipfile writes one: local headers, contents, directory, end record. */
function zipOf(members: readonly { name: string; content: Buffer; method: 0 | 8 }[], comment = ''): Buffer {
  const parts: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { name, content, method } of members) {
    const packed = method === 8 ? deflateRawSync(content) : content;
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(method, 8);
    header.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(at, 42);
    entries.push(entry, Buffer.from(name));
    parts.push(header, Buffer.from(name), packed);
    at += 30 + Buffer.byteLength(name) + packed.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, directory, end, Buffer.from(comment)]);
}

const members = [
  { name: 'package/notes.txt', content: Buffer.from('first'), method: 0 as const },
  { name: 'package/model.gguf', content: Buffer.from('weights '.repeat(10_000)), method: 8 as const },
];

test('reads a deflated and a stored member, also behind a comment', async () => {
  const path = file(zipOf(members, 'a comment'));
  for (const { name, content } of members) {
    const member = await openZipMember(path, (one) => one === name);
    expect(member).toMatchObject({ name, bytes: content.length });
    expect(await buffer(member.stream())).toEqual(content);
  }
});

test('says that a member is missing, that a file is no archive, and that it is cut off', async () => {
  const whole = zipOf(members);
  await expect(openZipMember(file(whole), (name) => name === 'other')).rejects.toThrow('does not hold the file');
  await expect(openZipMember(file(Buffer.from('GIF89a')), () => true)).rejects.toThrow('not a zip archive');
  await expect(openZipMember(file(whole.subarray(0, 200)), () => true)).rejects.toThrow('not a zip archive, or is cut off');
});

test('says that the directory lies outside of the archive, or points to something else', async () => {
  const outside = zipOf(members);
  outside.writeUInt32LE(0x7fffffff, outside.length - 6);
  await expect(openZipMember(file(outside), () => true)).rejects.toThrow('directory is not within it');
  const wrong = zipOf(members);
  wrong.writeUInt32LE(0, 0);
  await expect(openZipMember(file(wrong), () => true)).rejects.toThrow('not where its directory says');
});

test('damaged content ends in an error, not in wrong bytes', async () => {
  const damaged = zipOf(members);
  damaged.fill(0xff, 110, 140);
  const member = await openZipMember(file(damaged), (name) => name.endsWith('.gguf'));
  await expect(buffer(member.stream())).rejects.toThrow();
});
