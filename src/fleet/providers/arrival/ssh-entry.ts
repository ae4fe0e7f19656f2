import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArrivalFault } from './arrival-fault.ts';

/** A machine that is entered for the first time. */
export interface EntryTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Null: by the key. */
  readonly password: string | null;
  /** The file of the private key that the machine knows; null: by the password. */
  readonly keyFile: string | null;
  /** A line of known_hosts without the host; null: whatever key answers first is believed, and returned. */
  readonly hostKey: string | null;
}

export interface EntryReply {
  readonly code: number;
  /** The last of what came on standard output and error; hostile. */
  readonly output: string;
  /** The key that the machine answered with. */
  readonly hostKey: string;
}

/** Runs a script on a machine by SSH; passed in, so that tests can say what comes of it. */
export type EnterBySsh = (target: EntryTarget, command: string, input: string, signal: AbortSignal) => Promise<EntryReply>;

/** Node alone is 120 MB to fetch. */
export const ENTRY_MS = 8 * 60_000;
const MOST_OUTPUT = 16_000;
/** By this name the machine stands in the file of known hosts, wherever it is reached. */
const ALIAS = 'tandem-machine';
const HOST = /^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9._-]{0,63}$/;
const HOST_KEY = /^(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/=]{1,2000}$/;

/**
 * OpenSSH's own client, without any setting of this user's. The password goes to it by a file of this process's own, which is gone afterwards.
 * @throws ArrivalFault when the machine cannot be entered.
 */
export const enterBySsh: EnterBySsh = async (target, command, input, signal) => {
  const { host, port, user, password, keyFile, hostKey } = target;
  if (!HOST.test(host) || !USER.test(user)) throw new ArrivalFault('person', 'the provider names no address or user that SSH could take', 'Look at the machine in the provider\'s own console: tandem orders enter ORDER.');
  if (hostKey !== null && !HOST_KEY.test(hostKey)) throw new ArrivalFault('person', 'the host key that is known of it is none of OpenSSH\'s', 'Correct hostKey of the machine in the operator\'s file.');
  if (password === null && keyFile === null) throw new ArrivalFault('person', 'there is no password and no key to enter it with', 'Enter sshKeyFile at the account in the operator\'s file: the private key that the provider knows the public one of.');
  const folder = await mkdtemp(join(tmpdir(), 'tandem-entry-'));
  try {
    const hosts = join(folder, 'hosts');
    await writeFile(hosts, hostKey === null ? '' : `${ALIAS} ${hostKey}\n`, { mode: 0o600 });
    const byPassword = keyFile === null && password !== null;
    if (byPassword) await askpass(folder, password);
    const args = [
      '-F', 'none', '-T', '-p', String(port), ...(keyFile === null ? [] : ['-i', keyFile]),
      ...Object.entries({
        StrictHostKeyChecking: hostKey === null ? 'accept-new' : 'yes', UserKnownHostsFile: hosts, GlobalKnownHostsFile: 'none', HostKeyAlias: ALIAS, CheckHostIP: 'no', HashKnownHosts: 'no', UpdateHostKeys: 'no',
        BatchMode: byPassword ? 'no' : 'yes', PreferredAuthentications: byPassword ? 'password,keyboard-interactive' : 'publickey', NumberOfPasswordPrompts: '1', IdentitiesOnly: 'yes', IdentityAgent: 'none',
        ForwardAgent: 'no', ClearAllForwardings: 'yes', ControlPath: 'none', PermitLocalCommand: 'no', ConnectTimeout: '15', ServerAliveInterval: '15', ServerAliveCountMax: '4', LogLevel: 'ERROR',
      }).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      '-l', user, '--', host, command,
    ];
    const { code, output } = await run(args, folder, input, AbortSignal.any([signal, AbortSignal.timeout(ENTRY_MS)]));
    if (code === 255) throw refusal(output, hostKey !== null);
    const known = (await readFile(hosts, 'utf8')).split('\n').find((line) => line.startsWith(`${ALIAS} `))?.slice(ALIAS.length + 1).trim();
    if (known === undefined) throw new ArrivalFault('again', 'the machine showed no host key', 'It is tried again by itself.');
    return { code, output, hostKey: known };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** ssh reads passwords from a program alone. */
async function askpass(folder: string, password: string): Promise<void> {
  await writeFile(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'askpass'), '#!/bin/sh\nexec cat "${0%/*}/password"\n', { mode: 0o700 });
  await chmod(join(folder, 'askpass'), 0o700);
}

function run(args: readonly string[], folder: string, input: string, signal: AbortSignal): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL', env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', HOME: folder, DISPLAY: 'none', SSH_ASKPASS: join(folder, 'askpass'), SSH_ASKPASS_REQUIRE: 'force' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-MOST_OUTPUT); });
    // A machine that hangs up before it has read is told of by ssh's own end.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') reject(new ArrivalFault('person', 'this server has no ssh', 'Install OpenSSH\'s client on the server (Debian: apt-get install openssh-client).'));
      else reject(new ArrivalFault('again', 'the connection by SSH took too long', 'It is tried again by itself.'));
    });
    child.once('close', (code) => resolve({ code: code ?? 255, output }));
  });
}

function refusal(output: string, pinned: boolean): ArrivalFault {
  const last = output.trim().split('\n').at(-1) ?? '';
  if (/HOST IDENTIFICATION HAS CHANGED|Host key verification failed|no matching host key|No .* host key is known/i.test(output)) {
    return new ArrivalFault('person', `another host key answers than ${pinned ? 'the one that is known of the machine' : 'at first'}`, 'Find out in the provider\'s own console whether that is the machine. If it was reinstalled there: tandem orders reinstall ORDER. Nothing was sent to it.');
  }
  if (/Permission denied|Too many authentication failures/i.test(output)) return new ArrivalFault('person', 'the machine lets neither the password nor the key in', 'Give the provider the public key of sshKeyFile at the account, and see how the machine is entered: tandem orders enter ORDER.');
  return new ArrivalFault('again', `it cannot be reached by SSH: ${last.slice(-200)}`, 'It is tried again by itself. Should it go on: let this server reach the machine\'s SSH port.');
}
