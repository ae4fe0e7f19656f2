import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';

/** One file inside a zip archive. */
interface ZipMember {
  readonly name: string;
  readonly bytes: number;
  /** Its content, unpacked. The archive is open while this is read; end or destroy it. */
  stream(): Readable;
}

const END_RECORD = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const MAX_DIRECTORY_BYTES = 1_048_576;

/**
 * Finds a member by its central directory and opens it for streaming. Only what a Python wheel needs:
 * stored or deflated, one disk, below 4 GiB.
 * @throws Error naming what is wrong with the archive, or that there is no such member.
 */
export async function openZipMember(archivePath: string, wanted: (name: string) => boolean): Promise<ZipMember> {
  const archive = await open(archivePath, 'r');
  try {
    const entry = (await directory(archive)).find(({ name }) => wanted(name));
    if (!entry) throw new Error('the archive does not hold the file');
    if (entry.method !== 0 && entry.method !== 8) throw new Error(`the archive is packed by method ${entry.method}, which is not read here`);
    const header = await readAt(archive, entry.headerAt, 30);
    if (header.readUInt32LE(0) !== LOCAL_HEADER) throw new Error('the archive is damaged: a file is not where its directory says');
    const start = entry.headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    return {
      name: entry.name,
      bytes: entry.bytes,
      stream: () => {
        const packed = archive.createReadStream({ start, end: start + entry.packedBytes - 1, highWaterMark: 1 << 18 });
        if (entry.method === 0) return packed;
        const unpacked = createInflateRaw({ chunkSize: 1 << 18 });
        packed.on('error', (error) => unpacked.destroy(error));
        unpacked.on('close', () => packed.destroy());
        return packed.pipe(unpacked);
      },
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly headerAt: number;
}

async function directory(archive: FileHandle): Promise<Entry[]> {
  const { size } = await archive.stat();
  const tail = await readAt(archive, Math.max(0, size - 65_557), Math.min(size, 65_557));
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END_RECORD) at -= 1;
  if (at < 0) throw new Error('it is not a zip archive, or is cut off');
  const bytes = tail.readUInt32LE(at + 12);
  const start = tail.readUInt32LE(at + 16);
  if (bytes > MAX_DIRECTORY_BYTES || start + bytes > size) throw new Error('the archive is damaged: its directory is not within it');
  const records = await readAt(archive, start, bytes);
  const entries: Entry[] = [];
  for (let offset = 0; offset + 46 <= records.length && records.readUInt32LE(offset) === DIRECTORY_ENTRY;) {
    const nameBytes = records.readUInt16LE(offset + 28);
    entries.push({
      name: records.toString('utf8', offset + 46, offset + 46 + nameBytes),
      method: records.readUInt16LE(offset + 10),
      packedBytes: records.readUInt32LE(offset + 20),
      bytes: records.readUInt32LE(offset + 24),
      headerAt: records.readUInt32LE(offset + 42),
    });
    offset += 46 + nameBytes + records.readUInt16LE(offset + 30) + records.readUInt16LE(offset + 32);
  }
  return entries;
}

async function readAt(archive: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await archive.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error('the archive is cut off');
  return buffer;
}
