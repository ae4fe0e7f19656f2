import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { RESUME_GREETING, againLine, isProof, isResumable, readTaken, readWish, resumeId, type ResumeWish } from './resume-lines.ts';

const soon = (): AbortSignal => AbortSignal.timeout(5_000);
function line(text: string): PassThrough {
  const stream = new PassThrough();
  stream.write(text);
  return stream;
}
const secret = randomBytes(32).toString('base64url');
const again = async (text: string) => (await readWish(line(`${text}\n`), soon())) as Extract<ResumeWish, { kind: 'again' }>;

it('a machine of before is told by what sshd says, which is put back', async () => {
  const old = line('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nmore');
  expect(await isResumable(old, soon())).toBe(false);
  expect(String(old.read())).toBe('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nmore');
  const own = line(`${RESUME_GREETING}\nok 0\nbytes`);
  expect([await isResumable(own, soon()), await readTaken(own, soon()), String(own.read())]).toEqual([true, 0, 'bytes']);
  await expect(readTaken(line('no it is over\n'), soon())).rejects.toMatchObject({ code: 'gone', message: 'it is over' });
});

it('a proof is good for its session, its turn and what was read, and for none without the secret', async () => {
  const wish = await again(againLine(secret, 3, 700));
  expect(wish).toMatchObject({ kind: 'again', id: resumeId(secret), turn: 3, read: 700 });
  expect(isProof(secret, wish)).toBe(true);
  for (const other of [{ ...wish, turn: 4 }, { ...wish, read: 701 }]) expect(isProof(secret, other)).toBe(false);
  expect(isProof(randomBytes(32).toString('base64url'), wish)).toBe(false);
  // Its id tells nothing of the secret.
  expect(secret).not.toContain(wish.id);
});

it('what is no wish is none', async () => {
  expect(await readWish(line(`new ${secret}\n`), soon())).toEqual({ kind: 'new', secret });
  for (const text of ['', 'new', `new ${secret}x`, `again ${resumeId(secret)} -1 0 ${secret}`, `again ${resumeId(secret)} 1 9999999999999999 ${secret}`, `again ${'x'.repeat(400)}`]) await expect(readWish(line(`${text}\n`), soon())).rejects.toThrow();
});
