import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { writeWhole } from '../../state/home.ts';
import type { TerminalSize } from '../../wire/index.ts';
import type { LeasePaths } from '../record.ts';
import { recordProgram } from './record-program.ts';
import type { Recording } from './recording.ts';
import { ScriptListener } from './script-listener.ts';

/** What the last program wrote may still be in the pipes when sshd has gone. */
const LAST_MS = 200;

/** The machine's side of a recorded connection. */
export interface RecordedParts {
  readonly paths: LeasePaths;
  readonly uid: number;
  /** Where the programs of the lease find `paths.ssh`. */
  readonly folderInside: string;
  readonly mac: boolean;
  readonly wait: (ms: number) => Promise<void>;
  /** Gives the terminal inside another size, where `script` does not. @param device as a program of the lease says it. */
  readonly resize: (device: string, size: TerminalSize) => void;
}

/** Makes one connection of sshd recorded. @returns sshd's further arguments, and what to do when it has ended. */
export function recordSsh(recording: Recording, { paths, uid, folderInside, mac, wait, resize }: RecordedParts): { readonly args: readonly string[]; readonly ended: () => Promise<void> } {
  writeWhole(join(paths.ssh, 'record'), recordProgram(folderInside, mac), 0o644);
  const listener = new ScriptListener(recording, mac ? { plain: true, resize } : { plain: false });
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
    args: ['-o', `ForceCommand=/bin/sh ${folderInside}/record ${recording.id}`, '-o', 'MaxSessions=1', '-o', 'PermitUserRC=no'],
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
