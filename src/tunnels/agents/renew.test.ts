import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { renewInTime } from '../../../agent/src/connection/renew.ts';
import { issueCertificate, pem } from '../ca/certificate.ts';

const HOUR_MS = 3_600_000;
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signed = (fromMs: number, untilMs: number): string => pem(issueCertificate({
  use: 'node', subject: 'n', publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }), names: [], from: new Date(fromMs), until: new Date(untilMs), serial: randomBytes(16), issuer: { subject: 'r', privateKey: keys.privateKey },
}));

/** Hours after the start of a session at which the agent asked, in so many hours. @param give the certificate of each answer, by the server's clock; undefined: it fails. */
async function asked(certificate: string, hours: number, give: (nowMs: number) => string | undefined): Promise<number[]> {
  const [began, serverNowMs] = [7_000_000, Date.UTC(2026, 0, 1)];
  let bootMs = began;
  let shown = certificate;
  const over = new AbortController();
  const at: number[] = [];
  await renewInTime({
    async ask() {
      at.push((bootMs - began) / HOUR_MS);
      const next = give(serverNowMs + bootMs - began);
      if (next === undefined) throw new Error('not now');
      return { certificate: next };
    },
  }, {
    certificates: { get shown() { return shown; }, renewed: (next) => { shown = next; } },
    outside: {
      bootMs: () => bootMs, log: () => {},
      async wait(ms) {
        bootMs += ms;
        if (bootMs - began > hours * HOUR_MS) over.abort(new Error('over'));
      },
    },
    serverNowMs, answered: () => {}, signal: over.signal,
  });
  return at;
}
const day = (nowMs: number): string => signed(nowMs - HOUR_MS, nowMs + 24 * HOUR_MS);

it('asks at half of each certificate by the server\'s clock', async () => {
  const at = await asked(day(Date.UTC(2026, 0, 1)), 40, day);
  expect(at.map((hour) => Math.round(hour * 2) / 2)).toEqual([11.5, 23, 34.5]);
});

it('asks six times an hour at most when what it is given is past its half already, and once a minute when it is given none', async () => {
  const old = (nowMs: number): string => signed(nowMs - 26 * HOUR_MS, nowMs - HOUR_MS);
  expect(await asked(old(Date.UTC(2026, 0, 1)), 10, old)).toHaveLength(61);
  expect((await asked(old(Date.UTC(2026, 0, 1)), 1, () => undefined)).length).toBe(61);
});
