import { spawn } from 'node:child_process';
import { existsSync, fstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Duplex, Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { PooledReads, passOn } from '../../../agent/src/wire/index.ts';
import { CliError } from '../cli-error.ts';
import { credentialsPath } from '../client/credentials.ts';
import type { Client } from '../client/client.ts';
import { lastingSession } from '../client/lasting-session.ts';
import { enterLease } from '../client/lease-stream.ts';
import type { Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { hostForm, leaseIdOf } from './called.ts';

/** What OpenSSH reads for one lease. */
interface Prepared {
  readonly options: readonly string[];
  readonly destination: string;
}

const HOST_SUFFIX = '.tandem';
/** What ssh's configuration reads of each name beside the files that it names itself. */
const ALIAS_FILE = 'alias';
/**
 * In this order, whatever the client likes best by itself: on machines with instructions for AES, ssh and sshd take 40 % less CPU for a
 * gigabyte than by ChaCha20 and Poly1305. All three authenticate what they encrypt.
 */
const CIPHERS = 'aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com';
/** So long the last word to the server may take. */
const GOODBYE_MS = 2_000;

/** OpenSSH's own client, with a certificate of minutes, through the server. Its exit code is the command's. */
export const ssh: Run = async (context, { args, options }) => {
  const [lease, ...command] = args;
  const client = context.client();
  const id = await leaseIdOf(client, wordOf(lease!));
  const { options: sshOptions, destination } = await prepare(context, client, id, id);
  const forwards = typeof options['forward'] === 'string' ? options['forward'].split(',').flatMap((spec) => ['-L', spec]) : [];
  return run('ssh', [...sshOptions, ...forwards, destination, ...(command.length === 0 ? [] : ['--', ...command])]);
};

/** What `ssh` runs as its ProxyCommand: standard input and output are the lease's sshd, also when the server ends and starts again meanwhile. */
export const proxy: Run = async (context, { args }) => {
  const client = context.client();
  const id = await leaseIdOf(client, wordOf(args[0]!));
  const dial = (resume: 'new' | 'again'): Promise<Duplex> => enterLease(client, id, context.signal, resume);
  const line = await dial('new');
  const out = outgoing();
  const written = new Promise<void>((resolve) => {
    out.once('finish', resolve).once('error', () => resolve());
  });
  const session = await lastingSession(line, { dial, output: out, wait: (ms) => sleep(ms, undefined, { signal: context.signal }), monotonicMs: () => performance.now(), random: Math.random });
  if (session === undefined) return passUntilItEnds(line, out, written);
  const typed = incoming(session.input);
  // OpenSSH ends its ProxyCommand so: the machine is to know that nobody comes back.
  const hungUp = new Promise<void>((resolve) => {
    process.once('SIGHUP', () => {
      typed.destroy();
      session.input.end(resolve);
    });
  });
  try {
    await Promise.race([session.over, written, hungUp]);
    session.leave();
    await Promise.race([session.over, sleep(GOODBYE_MS, undefined, { ref: false })]);
  } finally {
    typed.destroy();
  }
};

/** A session that ends with its line. */
async function passUntilItEnds(line: Duplex, out: Writable, written: Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    // All that came is written, or the session was cut.
    line.once('close', () => {
      if (out === process.stdout || !line.readableEnded) resolve();
    });
  });
  const typed = incoming(line);
  passOn(line, out);
  await Promise.race([written, closed]);
  line.destroy();
  // An open standard input would keep the process.
  typed.destroy();
}

/** Makes key and certificate ready; called by ssh itself where its configuration includes ours. */
export const pass: Run = async (context, { args }) => {
  const client = context.client();
  const host = wordOf(args[0]!);
  // It becomes a folder, and a part of commands.
  if (!/^[A-Za-z0-9-]{1,64}$/.test(host)) throw new CliError('usage', `${host} cannot be a host name.`, `Write the name with dashes: ${hostForm(host)}${HOST_SUFFIX}`, EXIT.usage);
  await prepare(context, client, await leaseIdOf(client, host), host);
};

/** Teaches every program that uses OpenSSH the names LEASE.tandem. */
export const config: Run = async (context) => {
  const folder = sshFolder(context);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = join(folder, 'config');
  writeFileSync(own, configText(folder), { mode: 0o600 });
  const theirs = join(context.env['HOME'] || homedir(), '.ssh', 'config');
  const include = `Include ${quoted(own)}`;
  const before = existsSync(theirs) ? readFileSync(theirs, 'utf8') : '';
  if (!before.split('\n').includes(include)) {
    mkdirSync(dirname(theirs), { recursive: true, mode: 0o700 });
    // Before all else: an Include after a Host line belongs to that Host alone.
    const draft = `${theirs}.${process.pid}.tmp`;
    writeFileSync(draft, `${include}\n${before === '' ? '' : `\n${before}`}`, { mode: 0o600 });
    renameSync(draft, theirs);
  }
  print(context, { config: own, included: theirs }, () => `${theirs} includes ${own} now. Try: ssh LEASE${HOST_SUFFIX}, scp FILE LEASE${HOST_SUFFIX}: by its name with dashes for what is no letter or digit, or by its id`);
};

/** Passes standard input on; a pipe, which ssh gives, is read into buffers that are used again. */
function incoming(stream: Writable): Readable {
  if (!isStreamed(0)) {
    passOn(process.stdin, stream);
    return process.stdin;
  }
  const reads = new PooledReads();
  const socket = new Socket({ fd: 0, writable: false, onread: reads });
  socket.on('error', () => socket.destroy());
  reads.passOn(socket, stream);
  return socket;
}

/** Node writes to its standard output while everything else waits, which halves what goes through; ssh gives a pipe, which can be written to as a socket. */
function outgoing(): Writable {
  return isStreamed(1) ? new Socket({ fd: 1, readable: false, writable: true }) : process.stdout;
}

function isStreamed(fd: number): boolean {
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket();
}

/** @param host The name that was typed: ssh's configuration knows no other, so the folder has it. */
async function prepare(context: Context, client: Client, id: string, host: string): Promise<Prepared> {
  const folder = join(sshFolder(context), `${host}${HOST_SUFFIX}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = join(folder, 'key');
  if (!existsSync(`${key}.pub`)) {
    rmSync(key, { force: true });
    const made = await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'tandem', '-f', key]);
    if (made !== EXIT.ok) throw new CliError('no_key', 'ssh-keygen could not make a key.', `Look at the folder: ls -ld ${folder}`);
  }
  const given = await client.call('POST', '/api/leases/{id}/ssh', { path: { id }, body: { publicKey: readFileSync(`${key}.pub`, 'utf8').trim() } });
  writeFileSync(`${key}-cert.pub`, `${given.certificate}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'known_hosts'), `${given.knownHosts}\n`, { mode: 0o600 });
  // The lease's own certificate has its id alone: a lease of the same name is another host.
  writeFileSync(join(folder, ALIAS_FILE), `Host ${host}${HOST_SUFFIX}\n  HostKeyAlias ${given.host}\n`, { mode: 0o600 });
  return { options: optionsFor(folder, given.host, proxyCommand(id)), destination: `${given.user}@${given.host}` };
}

function optionsFor(folder: string, host: string, command: string): string[] {
  const options = {
    ProxyCommand: command, IdentityFile: quoted(join(folder, 'key')), CertificateFile: quoted(join(folder, 'key-cert.pub')), IdentitiesOnly: 'yes', UserKnownHostsFile: quoted(join(folder, 'known_hosts')),
    StrictHostKeyChecking: 'yes', Ciphers: CIPHERS, HostKeyAlias: host, ForwardAgent: 'no', PasswordAuthentication: 'no', LogLevel: 'ERROR',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** The same for ssh's own configuration, where `%n` is the name that was typed; the certificate is fetched before ssh looks for it. */
function configText(folder: string): string {
  return `# Written by tandem ssh config.
Match host *${HOST_SUFFIX} exec "${tandem()} ssh pass %n"
  User tenant
  ProxyCommand ${tandem()} ssh proxy %n
  IdentityFile ${quoted(join(folder, '%n', 'key'))}
  CertificateFile ${quoted(join(folder, '%n', 'key-cert.pub'))}
  IdentitiesOnly yes
  UserKnownHostsFile ${quoted(join(folder, '%n', 'known_hosts'))}
  StrictHostKeyChecking yes
  Ciphers ${CIPHERS}
  ForwardAgent no
  Include ${quoted(join(folder, `*${HOST_SUFFIX}`, ALIAS_FILE))}
`;
}

function sshFolder({ env }: Context): string {
  return join(dirname(credentialsPath(env)), 'ssh');
}

/** `LEASE` and `LEASE.tandem` are the same. */
function wordOf(wanted: string): string {
  return wanted.endsWith(HOST_SUFFIX) ? wanted.slice(0, -HOST_SUFFIX.length) : wanted;
}

function proxyCommand(id: string): string {
  return `${tandem()} ssh proxy ${id}`;
}

/** This very program, for ssh to call. */
function tandem(): string {
  return [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, '..', 'main.ts')].map(quoted).join(' ');
}

function quoted(path: string): string {
  return /^[A-Za-z0-9_./%=-]+$/.test(path) ? path : `'${path.replaceAll('\'', `'\\''`)}'`;
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? new CliError('no_ssh', `There is no ${program} on this machine.`, 'Install OpenSSH\'s client.') : error));
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? EXIT.usage : EXIT.error)));
  });
}
