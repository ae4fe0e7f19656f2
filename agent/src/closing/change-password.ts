import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { writeWhole } from '../state/home.ts';
import { WireError, textOf, type Message } from '../wire/index.ts';

/** A program with something on its standard input; the code it ended with, null where it did not run. */
export type TellProgram = (program: string, args: readonly string[], input: string) => Promise<{ readonly code: number | null; readonly err: string }>;

const MOST_MS = 20_000;

/**
 * Gives a user of this machine a password that was never anywhere else: what a provider handed out is worth nothing from then on. The new one is
 * kept in the agent's own folder, for root alone.
 * @throws WireError with the tool's own reason.
 */
export async function changePassword(root: string, params: Message, tell: TellProgram = tellProgram): Promise<{ changed: true }> {
  const user = textOf(params, 'user', 64);
  if (!/^[A-Za-z_][A-Za-z0-9._-]*$/.test(user)) throw new WireError('bad_message', 'user is not the name of a user');
  const password = randomBytes(24).toString('base64url');
  // Kept before it is set: one that is set and not kept would be lost.
  writeWhole(join(root, 'machine-password.json'), `${JSON.stringify({ user, password })}\n`);
  const [program, args, input] = passwordCommand(process.platform, user, password);
  const { code, err } = await tell(program, args, input);
  if (code !== 0) throw new WireError('not_changed', code === null ? `${program} is not there` : `${program}: ${err.replaceAll(password, '…').trim().split('\n')[0]!.slice(0, 200)}`);
  return { changed: true };
}

/** The password is in no argument list: other users of the machine see those. On macOS dscl reads commands as in its prompt; from docs (dscl(1)). */
export function passwordCommand(platform: NodeJS.Platform, user: string, password: string): [program: string, args: readonly string[], input: string] {
  return platform === 'darwin' ? ['dscl', ['.'], `passwd /Users/${user} ${password}\n`] : ['chpasswd', [], `${user}:${password}\n`];
}

const tellProgram: TellProgram = (program, args, input) => new Promise((resolve) => {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], timeout: MOST_MS, killSignal: 'SIGKILL', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => { err = (err + chunk.toString()).slice(-4_000); });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  child.once('error', () => resolve({ code: null, err }));
  child.once('close', (code) => resolve({ code, err }));
});
