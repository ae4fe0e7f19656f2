import { createDiffieHellman, getDiffieHellman } from 'node:crypto';
import { duplexPair, type Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandomBytes } from './testing/random.ts';
import { ByteReader, ScreenFault } from './byte-reader.ts';
import { letIn, logIn } from './handshake.ts';
import { takeAppleLogIn } from './testing/apple-server.ts';
import { startVncServer } from './testing/vnc-server.ts';

const never = new AbortController().signal;
const [username, password] = ['ec2-user', 'geheim-1'];

/** What a client says and hears once the handshake is over. */
async function serverInit(stream: Duplex): Promise<{ width: number; height: number; name: string }> {
  const reader = new ByteReader(stream, 'the server', never);
  stream.write(Buffer.of(1));
  const head = Buffer.from(await reader.read(20));
  const name = await reader.readText();
  reader.release();
  return { width: head.readUInt16BE(0), height: head.readUInt16BE(2), name };
}

describe('at a real TigerVNC server', () => {
  it('logs in with its password, and lets a browser in that knows none', async () => {
    await using vnc = await startVncServer(password);
    const server = vnc.connect();
    await logIn(server, { username, password }, systemRandomBytes, never);
    const [gateway, browser] = duplexPair();
    const entering = letIn(gateway, never);
    const reader = new ByteReader(browser, 'the gateway', never);
    expect((await reader.read(12)).toString()).toBe('RFB 003.008\n');
    browser.write('RFB 003.008\n');
    expect([...(await reader.read(2))]).toEqual([1, 1]);
    browser.write(Buffer.of(1));
    expect((await reader.read(4)).readUInt32BE()).toBe(0);
    reader.release();
    await entering;
    gateway.pipe(server).pipe(gateway);
    expect(await serverInit(browser)).toMatchObject({ width: 320, height: 200 });
    server.destroy();
  });

  it('is refused with another password, and does not say which', async () => {
    await using vnc = await startVncServer(password);
    const server = vnc.connect();
    const failure = await logIn(server, { username: null, password: 'wrong' }, systemRandomBytes, never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ScreenFault);
    expect((failure as Error).message).toMatch(/refused the log-in/);
    expect((failure as Error).message).not.toMatch(/wrong|geheim/);
    server.destroy();
  });
});

describe('at a stand-in for macOS, not macOS', () => {
  // 512 bits, as macOS was seen to offer, made once; and a group that is known to all.
  const groups = { 'its own': createDiffieHellman(512).getPrime(), 'Oakley group 2': getDiffieHellman('modp2').getPrime() };
  it.each(Object.entries(groups))('logs in by type 30 over %s, whatever the name and the password', async (_name, prime) => {
    const text = fc.string({ unit: 'binary', maxLength: 15 }).filter((value) => !value.includes('\0') && Buffer.byteLength(value) < 64).map((value) => value.toWellFormed());
    await fc.assert(fc.asyncProperty(text, text, async (user, secret) => {
      const [client, server] = duplexPair();
      const seen = takeAppleLogIn(server, prime, never).then((credentials) => {
        server.write(Buffer.alloc(4));
        return credentials;
      });
      await logIn(client, { username: user, password: secret }, systemRandomBytes, never);
      expect(await seen).toEqual({ username: user, password: secret });
    }), { numRuns: 20 });
  }, 60_000);

  it('takes type 2 where there is no name', async () => {
    const [client, server] = duplexPair();
    const entering = logIn(client, { username: null, password }, systemRandomBytes, never);
    const reader = new ByteReader(server, 'the client', never);
    server.write('RFB 003.889\n');
    await reader.read(12);
    server.write(Buffer.of(4, 30, 33, 36, 2));
    expect(await reader.readByte()).toBe(2);
    server.write(Buffer.alloc(16));
    expect(await reader.read(16)).toHaveLength(16);
    server.write(Buffer.alloc(4));
    await entering;
  });
});

describe('a server that is not what it should be', () => {
  const saying = async (...said: (string | Buffer)[]) => {
    const [client, server] = duplexPair();
    server.resume();
    for (const one of said) server.write(one);
    server.end();
    return logIn(client, { username, password }, systemRandomBytes, never).catch((error: unknown) => error);
  };

  it.each([
    ['asks for nothing', ['RFB 003.008\n', Buffer.of(1, 1)], /asks in a way/],
    ['speaks an old version', ['RFB 003.003\n'], /another version/],
    ['is no screen', ['SSH-2.0-OpenSSH_9.2\r\n'], /another version/],
    ['refuses at once, in escapes', ['RFB 003.008\n', Buffer.of(0), Buffer.of(0, 0, 0, 5), '\u001b[2Jx'], /refuses: \?\[2Jx$/],
    ['says too much', ['RFB 003.008\n', Buffer.of(0), Buffer.of(0xff, 0xff, 0xff, 0xff)], /more than it may/],
    ['offers a key of an odd size', ['RFB 003.889\n', Buffer.of(1, 30), Buffer.of(0, 2, 0, 4)], /odd size/],
    ['leaves', ['RFB 003.008\n', Buffer.of(2, 2)], /left/],
    ['says nothing', [], /left/],
  ] as const)('that %s is refused in words', async (_what, said, words) => {
    const failure = await saying(...said);
    expect(failure).toBeInstanceOf(ScreenFault);
    expect((failure as Error).message).toMatch(words);
  });

  it('that never answers is given up when it is time', async () => {
    const [client] = duplexPair();
    const late = new AbortController();
    const entering = logIn(client, { username, password }, systemRandomBytes, late.signal);
    late.abort();
    await expect(entering).rejects.toThrow(/did not answer in time/);
  });
});
