import { spawn, type ChildProcess } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real TigerVNC server on a free port of the loopback address. */
export interface VncServer extends AsyncDisposable {
  readonly port: number;
  connect(): Socket;
}

/** How vncpasswd hides a password in its file: DES under a key that is known to all (TigerVNC, common/rfb/obfuscate). The bits are turned already. */
const FILE_KEY = Buffer.of(0xe8, 0x4a, 0xd6, 0x60, 0xc4, 0x72, 0x1a, 0xe0);

export async function startVncServer(password: string): Promise<VncServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-vnc-'));
  const file = join(folder, 'passwd');
  const hidden = createCipheriv('des-ede3-ecb', Buffer.concat([FILE_KEY, FILE_KEY, FILE_KEY]), null).setAutoPadding(false);
  const plain = Buffer.alloc(8);
  plain.write(password.slice(0, 8), 'latin1');
  writeFileSync(file, Buffer.concat([hidden.update(plain), hidden.final()]), { mode: 0o600 });
  const port = await freePort();
  const server = spawn('Xtigervnc', [`:${port}`, '-rfbport', String(port), '-localhost', '-SecurityTypes', 'VncAuth', '-PasswordFile', file, '-geometry', '320x200', '-depth', '24', '-AlwaysShared', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  await answering(port, server, () => said);
  return {
    port,
    connect: () => connect(port, '127.0.0.1'),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number, server: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (server.exitCode !== null) throw new Error(`Xtigervnc ended: ${said()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`Xtigervnc does not answer: ${said()}`);
}
