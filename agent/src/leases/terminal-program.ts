import { randomBytes } from 'node:crypto';
import type { TerminalSize } from '../wire/index.ts';
import { spawnInside, type Sandbox } from './inside.ts';

/** How a shell with a terminal of its own is run inside, by what the system has for it. */
export interface TerminalProgram {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What stands before the terminal's name in the first that it shows; null: the program says its name on its third file. */
  readonly mark: string | null;
  /** Gives a terminal another size. Programs in it get their SIGWINCH. */
  readonly resize: (device: string, size: TerminalSize) => readonly string[];
  /** What ends the program, and the shell with its terminal. */
  readonly hangUp: 'SIGKILL' | 'SIGTERM';
}

const ENV = { USER: 'tenant', LOGNAME: 'tenant', TERM: 'xterm-256color', COLORTERM: 'truecolor' };
/** A terminal as systems name it: others are no business of a lease. */
const DEVICE = { linux: /^\/dev\/pts\/\d{1,6}$/, macos: /^\/dev\/ttys\d{1,6}$/ };
/** What is shown before the mark is echo of what was typed early, and little. */
const MOST_BEFORE_BYTES = 64 * 1024;

export function terminalProgram(inside: Sandbox, size: TerminalSize): TerminalProgram {
  return 'account' in inside ? ofMac(inside.account, size) : ofLinux(size);
}

/** util-linux' `script` makes the terminal; its first program says which one that is, sets its size and becomes the shell. */
function ofLinux(size: TerminalSize): TerminalProgram {
  const first = `cd; stty rows ${size.rows} cols ${size.columns}; tty >&3; exec 3>&-; exec -l bash`;
  return {
    command: ['/usr/bin/script', '--quiet', '--return', '--flush', '--echo', 'always', '--command', first, '/dev/null'],
    env: { ...ENV, PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/tenant', SHELL: '/bin/bash', LANG: 'C.UTF-8' },
    mark: null, resize: (device, { rows, columns }) => ['/usr/bin/stty', '-F', device, 'rows', String(rows), 'cols', String(columns)], hangUp: 'SIGKILL',
  };
}

/**
 * Apple's script(1) takes what is typed from a pipe or a terminal, and ends where it is given a socket (its source, shell_cmds-329, script.c:
 * tcgetattr fails with ENOTTY or ENODEV alone), so `cat` stands before it. sudo passes no third file on, so the terminal's name is shown first, behind a
 * mark. It passes its program's exit code on, and its end hangs the terminal up; sudo(8) hands it the SIGTERM that it gets. Not tried on a Mac.
 */
function ofMac(account: string, size: TerminalSize): TerminalProgram {
  const mark = `tandem-${randomBytes(8).toString('hex')}`;
  const first = `cd; /bin/stty rows ${size.rows} columns ${size.columns}; printf '%s %s\\n' '${mark}' "$(/usr/bin/tty)"; exec "$SHELL" -l`;
  return {
    command: ['/bin/bash', '-c', 'exec 4<&0; exec /usr/bin/script -q /dev/null /bin/sh -c "$0" < <(exec /bin/cat <&4) 4<&-', first],
    env: { ...ENV, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: `/Users/${account}`, SHELL: '/bin/zsh', LANG: 'en_US.UTF-8' },
    mark, resize: resizeOnMac, hangUp: 'SIGTERM',
  };
}

/** stty(1) of macOS names the terminal by `-f`. */
function resizeOnMac(device: string, { rows, columns }: TerminalSize): readonly string[] {
  return ['/bin/stty', '-f', device, 'rows', String(rows), 'columns', String(columns)];
}

/** The name of a terminal, where a program inside says it; undefined: it is none. */
export function deviceIn(text: string, inside: Sandbox): string | undefined {
  const name = text.trim();
  return DEVICE['account' in inside ? 'macos' : 'linux'].test(name) ? name : undefined;
}

/** Gives a terminal of macOS another size, as the lease's user. @returns what does; a name that is none of a terminal's is left alone. */
export function resizeIn(inside: Sandbox, spawn: typeof spawnInside = spawnInside): (name: string, size: TerminalSize) => void {
  return (name, size) => {
    const device = deviceIn(name, inside);
    if (device !== undefined) spawn(inside, resizeOnMac(device, size), 'ignore').on('error', () => {});
  };
}

/** Takes the line with the terminal's name out of what it shows. */
export class MarkedLine {
  readonly #mark: Buffer;
  #held: Buffer | undefined = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(`${mark} `);
  }

  /** @returns what is to be shown, and once the name as it was said. */
  take(bytes: Buffer): { readonly shown: Buffer; readonly name?: string } {
    if (this.#held === undefined) return { shown: bytes };
    this.#held = Buffer.concat([this.#held, bytes]);
    const begin = this.#held.indexOf(this.#mark);
    const end = begin === -1 ? -1 : this.#held.indexOf('\n', begin);
    if (end === -1) return this.#held.length > MOST_BEFORE_BYTES ? this.#giveUp() : { shown: Buffer.alloc(0) };
    const held = this.#held;
    this.#held = undefined;
    return { shown: Buffer.concat([held.subarray(0, begin), held.subarray(end + 1)]), name: held.subarray(begin + this.#mark.length, end).toString() };
  }

  #giveUp(): { readonly shown: Buffer } {
    const shown = this.#held!;
    this.#held = undefined;
    return { shown };
  }
}
