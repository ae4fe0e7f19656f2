import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isTandemError, silentLogger, systemClock } from '../../base/index.ts';
import { realFiles, type LogFiles } from './files.ts';
import { readLog } from './reader.ts';
import { RECORD } from './record.ts';
import { LOG_START, segmentPath } from './segments.ts';
import { LogWriter, type LogLimits } from './writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(options: { strict?: boolean; limits?: Partial<LogLimits>; files?: LogFiles; folder?: string } = {}): LogWriter {
  return new LogWriter({ folder: options.folder ?? folder, clock: systemClock, log: silentLogger, strict: options.strict ?? false,
    limits: { reserveBytes: 0, ...options.limits }, ...(options.files ? { files: options.files } : {}) });
}

function payloads(at = folder): string[] {
  return readLog(at, LOG_START, null, 1_000_000).records.map((record) => record.payload);
}

/** Real files whose next calls fail as planted. */
function faulty(): LogFiles & { writeError: NodeJS.ErrnoException | null; syncError: NodeJS.ErrnoException | null; syncs: number; writes: number } {
  return {
    ...realFiles, writeError: null, syncError: null, syncs: 0, writes: 0,
    write(fd, buffer, length, position) {
      this.writes += 1;
      if (this.writeError !== null) {
        // A full disk takes a part before it refuses.
        realFiles.write(fd, buffer, Math.floor(length / 2), position);
        throw this.writeError;
      }
      realFiles.write(fd, buffer, length, position);
    },
    sync(fd, done) {
      this.syncs += 1;
      if (this.syncError === null) realFiles.sync(fd, done);
      else setImmediate(done, this.syncError);
    },
  };
}

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

test('the records of one turn are one write, and one sync follows', async () => {
  const files = faulty();
  const writer = open({ files });
  await Promise.all(Array.from({ length: 100 }, (_, index) => writer.append(RECORD.admission, `a${index}`)));
  expect(files.writes).toBe(1);
  expect(writer.unsyncedAgeMs()).toBeGreaterThanOrEqual(0);
  await writer.close();
  expect(files.syncs).toBe(1);
  expect(writer.unsyncedAgeMs()).toBe(0);
  expect(payloads()).toEqual(Array.from({ length: 100 }, (_, index) => `a${index}`));
});

test('in strict mode a record is acknowledged only after its sync', async () => {
  const files = faulty();
  let acknowledged = false;
  let release = () => {};
  files.sync = (fd, done) => {
    release = () => realFiles.sync(fd, done);
  };
  const writer = open({ strict: true, files });
  const written = writer.append(RECORD.final, 'f').then(() => {
    acknowledged = true;
  });
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(payloads()).toEqual(['f']);
  expect(acknowledged).toBe(false);
  release();
  await written;
  await writer.close();
});

test('segments roll, and are read as one log', async () => {
  const writer = open({ limits: { segmentBytes: 1_000 } });
  const all = Array.from({ length: 200 }, (_, index) => `record ${index}`);
  for (const payload of all) await writer.append(RECORD.progress, payload);
  await writer.close();
  expect(readdirSync(folder).length).toBeGreaterThan(3);
  expect(payloads()).toEqual(all);
});

test('a log is read in batches from any position, and up to the writer\'s word only', async () => {
  const writer = open({ limits: { segmentBytes: 500 } });
  const all = Array.from({ length: 100 }, (_, index) => `record ${index}`);
  for (const payload of all.slice(0, 60)) await writer.append(RECORD.progress, payload);
  const limit = writer.position();
  for (const payload of all.slice(60)) await writer.append(RECORD.progress, payload);
  await writer.close();
  const read: string[] = [];
  let at = LOG_START;
  for (let drained = false; !drained;) {
    const batch = readLog(folder, at, limit, 7);
    read.push(...batch.records.map((record) => record.payload));
    at = batch.next;
    drained = batch.drained;
  }
  expect(read).toEqual(all.slice(0, 60));
});

test('a torn tail is cut wherever it is torn, and nothing before it is lost', async () => {
  const writer = open();
  const all = Array.from({ length: 20 }, (_, index) => `record number ${index}`);
  for (const payload of all) await writer.append(RECORD.progress, payload);
  await writer.close();
  const whole = readFileSync(segmentPath(folder, 1));
  const ends = readLog(folder, LOG_START, null, 100).records.map((record) => record.end);
  fc.assert(fc.property(fc.integer({ min: 0, max: whole.length }), fc.uint8Array({ maxLength: 40 }), (cut, garbage) => {
    writeFileSync(segmentPath(folder, 1), whole);
    truncateSync(segmentPath(folder, 1), cut);
    writeFileSync(segmentPath(folder, 1), garbage, { flag: 'a' });
    const intact = ends.filter((end) => end <= cut).length;
    expect(payloads().slice(0, intact)).toEqual(all.slice(0, intact));
  }), { numRuns: 50 });
});

test('a full disk turns admissions away, keeps the ends of calls, and recovers by itself', async () => {
  const files = faulty();
  const writer = open({ files });
  await writer.append(RECORD.admission, 'a1');
  files.writeError = failure('ENOSPC');
  const refused = writer.append(RECORD.admission, 'a2');
  const kept = writer.append(RECORD.final, 'f1');
  await expect(refused).rejects.toSatisfy((error) => isTandemError(error, 'ledger_unavailable'));
  expect(writer.refusal()).toBe("the disk of the ledger's log is full");
  expect(() => writer.append(RECORD.admission, 'a3')).toThrow('disk');
  const later = writer.append(RECORD.final, 'f2');
  files.writeError = null;
  await Promise.all([kept, later]);
  expect(writer.refusal()).toBeNull();
  await writer.append(RECORD.admission, 'a4');
  await writer.close();
  expect(payloads()).toEqual(['a1', 'f1', 'f2', 'a4']);
  expect(readLog(folder, LOG_START, null, 100).records.map((record) => record.number)).toEqual([1, 2, 3, 4]);
});

test('what a failed sync may have lost is written again elsewhere before anything is admitted', async () => {
  const files = faulty();
  const writer = open({ files, strict: true });
  await writer.append(RECORD.admission, 'a1');
  files.syncError = failure('EIO');
  const waiting = writer.append(RECORD.final, 'f1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(writer.refusal()).toContain('EIO');
  expect(() => writer.append(RECORD.admission, 'a2')).toThrow();
  files.syncError = null;
  await waiting;
  await writer.append(RECORD.admission, 'a3');
  await writer.close();
  const records = readLog(folder, LOG_START, null, 100).records;
  const numbers = new Map(records.map((record) => [record.number, record.payload]));
  expect([...numbers.values()]).toEqual(['a1', 'f1', 'a3']);
});

test('a segment that is full while a sync runs is synced once more before anybody in strict mode goes on', async () => {
  const synced: number[] = [];
  const answers: (() => void)[] = [];
  const files: LogFiles = { ...realFiles, sync: (fd, done) => void (synced.push(fd), answers.push(() => done(null))) };
  const writer = open({ files, strict: true, limits: { segmentBytes: 40 } });
  const order: string[] = [];
  const write = async (payload: string) => {
    const written = writer.append(RECORD.final, payload).then(() => order.push(payload));
    await new Promise(setImmediate);
    return written;
  };
  const all = [write('f1')];
  await new Promise(setImmediate);
  // The first sync runs: the second record goes into the same segment, the third begins another.
  for (const payload of ['f2', 'f3']) {
    all.push(write(payload));
    await new Promise(setImmediate);
  }
  expect(new Set(synced).size).toBe(1);
  answers.shift()!();
  await new Promise(setImmediate);
  expect(order).toEqual(['f1']);
  expect(synced).toEqual([synced[0], synced[0], expect.not.toSatisfy((fd) => fd === synced[0])]);
  for (const answer of answers.splice(0)) answer();
  await Promise.all(all);
  expect(order).toEqual(['f1', 'f2', 'f3']);
  await writer.close();
});

test('a disk that refuses writes, and the sync that runs meanwhile, is trusted again only when it does both', async () => {
  const files = faulty();
  const writer = open({ files, strict: true });
  await writer.append(RECORD.admission, 'a1');
  const running = Promise.withResolvers<(error: Error | null) => void>();
  const { sync } = files;
  files.sync = (_fd, done) => running.resolve(done);
  const first = writer.append(RECORD.final, 'f1');
  const answer = await running.promise;
  files.sync = sync;
  files.writeError = failure('ENOSPC');
  const second = writer.append(RECORD.final, 'f2');
  await vi.waitFor(() => expect(writer.refusal()).toContain('full'));
  files.syncError = failure('EIO');
  answer(files.syncError);
  files.writeError = null;
  const before = files.syncs;
  await vi.waitFor(() => expect(files.syncs).toBeGreaterThan(before));
  expect(writer.refusal()).toContain('EIO');
  files.syncError = null;
  await Promise.all([first, second]);
  await writer.append(RECORD.admission, 'a2');
  await writer.close();
  const records = readLog(folder, LOG_START, null, 100).records;
  expect([...new Map(records.map((record) => [record.number, record.payload])).values()]).toEqual(['a1', 'f1', 'f2', 'a2']);
});

test('what a failed write left of a batch is not there for a reader', async () => {
  const files = faulty();
  const writer = open({ files });
  await writer.append(RECORD.final, 'f1');
  files.writeError = failure('ENOSPC');
  const turnedAway = ['a1', 'a2', 'a3'].map((payload) => writer.append(RECORD.admission, payload));
  for (const one of turnedAway) await expect(one).rejects.toThrow('disk');
  expect(payloads()).toEqual(['f1']);
  files.writeError = null;
  await writer.close();
});

test('too far behind, no call is admitted until the poster catches up', async () => {
  const writer = open({ limits: { backlogRecords: 10 } });
  for (let index = 0; index < 11; index += 1) await writer.append(RECORD.progress, 'p');
  expect(writer.refusal()).toBe('the ledger is 11 records behind');
  writer.posted(writer.position(), 11);
  expect(writer.refusal()).toBeNull();
  expect(writer.backlogBytes()).toBe(0);
  await writer.close();
});

test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')('on a small disk that fills up: refused, kept, recovered', async () => {
  const mount = join(folder, 'small');
  execFileSync('mkdir', [mount]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
  try {
    const writer = open({ folder: join(mount, 'log'), limits: { reserveBytes: 65_536 } });
    await writer.append(RECORD.admission, 'a1');
    expect(() => writeFileSync(join(mount, 'ballast'), Buffer.alloc(1_048_576))).toThrow('ENOSPC');
    const refused = writer.append(RECORD.admission, 'a2');
    // The reserve lets running calls end while the disk is full.
    const end = 'the end of a call'.padEnd(30_000);
    const kept = writer.append(RECORD.final, end);
    await expect(refused).rejects.toSatisfy((error) => isTandemError(error, 'ledger_unavailable'));
    await kept;
    expect(writer.refusal()).toContain('full');
    rmSync(join(mount, 'ballast'));
    for (let round = 0; round < 100 && writer.refusal() !== null; round += 1) await systemClock.sleep(20);
    await writer.append(RECORD.admission, 'after');
    await writer.close();
    expect(payloads(join(mount, 'log'))).toEqual(['a1', end, 'after']);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
});
