import { createCipheriv, randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state/home.ts';
import { WireError } from '../wire/index.ts';
import { spawnInside, type Sandbox } from './inside.ts';
import type { LeasePaths, LeaseRecord } from './record.ts';
import { SCREEN_SHARING_PORT } from '../macos/screen-sharing.ts';
import { SSH_INSIDE } from './sandbox.ts';

export const SCREEN_SERVER = '/usr/bin/Xtigervnc';
/** Inside the lease's own network, where nobody else is. */
export const SCREEN_PORT = process.platform === 'darwin' ? SCREEN_SHARING_PORT : 5901;
/** Of a password of VNC no more than eight characters count. */
const PASSWORD_LENGTH = 8;
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** How vncpasswd hides a password in its file: DES under a key that is known to all (TigerVNC, common/rfb/obfuscate.cxx), its bits turned. */
const FILE_KEY = Buffer.of(0xe8, 0x4a, 0xd6, 0x60, 0xc4, 0x72, 0x1a, 0xe0);

/** Makes the lease's own password at the first time. Only the server is told: it logs in for the browser. @throws WireError no_screen. */
export function prepareScreen({ uid }: LeaseRecord, { folder, ssh }: LeasePaths): { readonly username: null; readonly password: string } {
  // Screen Sharing was given its password when the lease began.
  if (process.platform === 'darwin') return { username: null, password: readFileSync(join(folder, 'screen-password'), 'utf8') };
  if (!existsSync(SCREEN_SERVER)) throw new WireError('no_screen', 'the machine has no VNC server (on Debian: apt-get install tigervnc-standalone-server)');
  const own = join(folder, 'screen-password');
  if (!existsSync(own)) {
    const password = newScreenPassword();
    const shown = join(ssh, 'screen');
    // The VNC server runs as the tenant, whose own screen it is.
    writeWhole(shown, hidden(password), 0o640);
    chownSync(shown, 0, uid);
    writeWhole(own, password);
  }
  return { username: null, password: readFileSync(own, 'utf8') };
}

export function newScreenPassword(): string {
  let password = '';
  while (password.length < PASSWORD_LENGTH) {
    for (const byte of randomBytes(PASSWORD_LENGTH)) {
      // 224 = 4 × 56: higher bytes are dropped, or the first letters would come up more often.
      if (byte < LETTERS.length * 4 && password.length < PASSWORD_LENGTH) password += LETTERS[byte % LETTERS.length];
    }
  }
  return password;
}

function hidden(password: string): Buffer {
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([FILE_KEY, FILE_KEY, FILE_KEY]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(password, 'latin1'), cipher.final()]);
}

/** The screen of one lease, as its keeper has it: a VNC server inside the sandbox, begun when somebody first looks. */
export class Screen {
  readonly #sandbox: Sandbox;
  readonly #log: number;
  #running = false;

  /** @param log what the server says goes there. */
  constructor(sandbox: Sandbox, log: number) {
    this.#sandbox = sandbox;
    this.#log = log;
  }

  /** Begins it unless it runs. It ends with the sandbox. */
  start(): void {
    // macOS has one of its own.
    if (this.#running || 'account' in this.#sandbox) return;
    this.#running = true;
    const server = spawnInside(this.#sandbox, [
      SCREEN_SERVER, ':1', '-rfbport', String(SCREEN_PORT), '-localhost', '-SecurityTypes', 'VncAuth', '-PasswordFile', `${SSH_INSIDE}/screen`,
      '-geometry', '1280x800', '-depth', '24', '-AlwaysShared', '-AcceptSetDesktopSize', '-retro', '-nolisten', 'tcp',
    ], ['ignore', this.#log, this.#log], { HOME: '/home/tenant' });
    const gone = (): void => { this.#running = false; };
    server.once('close', gone).once('error', gone);
  }
}
