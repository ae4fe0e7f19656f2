import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { writeWhole } from '../../state/home.ts';
import { boundSize } from '../../wire/index.ts';
import type { LeasePaths } from '../record.ts';
import { SSH_INSIDE } from '../sandbox.ts';
import type { Recording } from './recording.ts';

const LINE_BYTES = 8_192;
/** What the last program wrote may still be in the pipes when sshd has gone. */
const LAST_MS = 200;

/**
 * What sshd runs in the place of a shell or a command. With a terminal `script` of util-linux stands between sshd and the shell and passes on what is shown; of
 * commands without one only the command is told. `internal-sftp` is no program, so the machine's own is looked for.
 */
const PROGRAM = `out=${SSH_INSIDE}/$1.out said=${SSH_INSIDE}/$1.said command=$SSH_ORIGINAL_COMMAND
if [ -t 0 ] && [ -t 1 ]; then
  echo 'This session is recorded.'
  exec /usr/bin/script --quiet --return --flush --log-out "$out" --log-timing "$said" --logging-format advanced --command "\${command:-exec -l bash}"
fi
printf 'C %s\\n' "$(printf %s "$command" | tr '\\n' ' ' | head -c 2000)" > "$said"
case $command in
  internal-sftp*) for path in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec; do [ -x $path/sftp-server ] && exec $path/sftp-server; done; exit 127 ;;
  scp*|rsync*|*/sftp-server*) ;;
  *) echo 'This session is recorded: its command and times.' >&2 ;;
esac
[ -n "$command" ] || exec /bin/bash
exec /bin/bash -c "$command"
`;

/** Makes one connection of sshd recorded. @returns sshd's further arguments, and what to do when it has ended. */
export function recordSsh(recording: Recording, paths: LeasePaths, uid: number, wait: (ms: number) => Promise<void>): { readonly args: readonly string[]; readonly ended: () => Promise<void> } {
  writeWhole(join(paths.ssh, 'record'), PROGRAM, 0o644);
  const listener = new ScriptListener(recording);
  const ends = [[`${recording.id}.out`, (bytes: Buffer) => listener.out(bytes)], [`${recording.id}.said`, (bytes: Buffer) => listener.said(bytes)]] as const;
  const open = ends.map(([name, take]) => {
    const path = join(paths.ssh, name);
    execFileSync('mkfifo', ['-m', '0600', path], { timeout: 5_000 });
    // The tenant's programs write into it, and cannot read, keep or take back what went in.
    chownSync(path, 0, uid);
    chmodSync(path, 0o620);
    // Opened for both, so that it has a reader from now on and ends only when it is closed here.
    const pipe = new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false });
    pipe.on('data', take).on('error', () => pipe.destroy());
    return { path, pipe };
  });
  return {
    // One session to a connection: two would write into one recording.
    args: ['-o', `ForceCommand=/bin/sh ${SSH_INSIDE}/record ${recording.id}`, '-o', 'MaxSessions=1', '-o', 'PermitUserRC=no'],
    async ended() {
      await wait(LAST_MS);
      for (const { path, pipe } of open) {
        pipe.destroy();
        rmSync(path, { force: true });
      }
      recording.end();
    },
  };
}

/** Reads what `script` tells (its log of timing, in the advanced format) beside what is shown: how large, how much of the output is the session's, how it ended. */
export class ScriptListener {
  readonly #recording: Recording;
  #columns = 80;
  #rows = 24;
  #shell = false;
  /** `script` writes a line of its own before the session's output, and one after it. */
  #began = false;
  #held: Buffer = Buffer.alloc(0);
  #due = 0;
  #line = '';

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  out(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]).subarray(-4 * 1024 * 1024);
    this.#pass();
  }

  said(bytes: Buffer): void {
    this.#line += bytes.toString();
    for (let end = this.#line.indexOf('\n'); end !== -1; end = this.#line.indexOf('\n')) {
      this.#take(this.#line.slice(0, end));
      this.#line = this.#line.slice(end + 1);
    }
    if (this.#line.length > LINE_BYTES) this.#line = '';
  }

  #take(line: string): void {
    const [, kind, rest] = /^([HOSC]) (.*)$/.exec(line) ?? [];
    if (rest === undefined) return;
    if (kind === 'C') return this.#recording.is({ kind: 'command', command: rest });
    const [, name, value] = /^[\d.]+ (\S+) ?(.*)$/.exec(rest) ?? [];
    if (name === undefined || value === undefined) return;
    if (kind === 'H') this.#head(name, value);
    else if (kind === 'S') {
      this.#rows = numberIn(/ROWS=(\d{1,4})/, value) ?? this.#rows;
      this.#columns = numberIn(/COLS=(\d{1,4})/, value) ?? this.#columns;
      this.#recording.sized(boundSize(this.#columns, this.#rows));
    } else if (kind === 'O') {
      this.#due += Math.min(Number(name) || 0, 1_048_576);
      this.#pass();
    }
  }

  #head(name: string, value: string): void {
    if (!this.#shell) {
      this.#shell = true;
      this.#recording.is({ kind: 'shell' });
    }
    // A terminal that was given no size has -1.
    if (name === 'COLUMNS') this.#columns = numberIn(/^(\d{1,4})$/, value) ?? this.#columns;
    else if (name === 'LINES') this.#rows = numberIn(/^(\d{1,4})$/, value) ?? this.#rows;
    else if (name === 'COMMAND' && value !== 'exec -l bash') this.#recording.is({ command: value.slice(0, 2_000) });
    else if (name === 'EXIT_CODE') this.#recording.is({ exitCode: Number(value) & 255 });
    this.#recording.sized(boundSize(this.#columns, this.#rows));
  }

  #pass(): void {
    if (!this.#began) {
      const end = this.#held.indexOf('\n');
      if (end === -1) return;
      this.#began = true;
      this.#held = this.#held.subarray(end + 1);
    }
    const bytes = this.#held.subarray(0, this.#due);
    if (bytes.length === 0) return;
    this.#due -= bytes.length;
    this.#held = Buffer.from(this.#held.subarray(bytes.length));
    this.#recording.shown(bytes);
  }
}

function numberIn(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
