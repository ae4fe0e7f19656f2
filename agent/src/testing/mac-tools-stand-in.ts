import { spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { spawnInside } from '../leases/inside.ts';

const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });

/** Whether the stand-ins can stand here: they are put in the place of programs in mounts of their own. */
export const canStandInForMacTools = process.platform === 'linux' && process.getuid?.() === 0 && python.status === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

/**
 * As Apple's script(1), shell_cmds-329, behaves: takes a pipe or a terminal and no socket, gives its program a terminal of its own, passes
 * what is typed and shown on, writes what is shown to its file with `-F` at once, tells the terminal nothing of a new size, and ends as its program does.
 */
const SCRIPT = `
import errno, fcntl, os, pty, select, signal, stat, struct, sys, termios, tty
words = sys.argv[1:]
while words and words[0].startswith('-'):
    words.pop(0)
if stat.S_ISSOCK(os.fstat(0).st_mode):
    sys.exit('script: tcgetattr/ioctl: Operation not supported on socket')
log = os.open(words[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
master, slave = pty.openpty()
typed = os.isatty(0)
if typed:
    before = termios.tcgetattr(0)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, b'12345678'))
    termios.tcsetattr(slave, termios.TCSANOW, before)
    tty.setraw(0, termios.TCSAFLUSH)
child = os.fork()
if child == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for at in (0, 1, 2):
        os.dup2(slave, at)
    os.closerange(3, 64)
    os.execvp(words[1], words[1:])
os.close(slave)
reads = [master, 0]
try:
    while True:
        ready = select.select(reads, [], [])[0]
        if 0 in ready:
            some = os.read(0, 1024)
            if some:
                os.write(master, some)
            else:
                reads.remove(0)
                os.write(master, b'\\x04')
        if master in ready:
            some = os.read(master, 1024)
            if not some:
                break
            os.write(1, some)
            os.write(log, some)
except OSError:
    pass
if typed:
    termios.tcsetattr(0, termios.TCSAFLUSH, before)
status = os.waitpid(child, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else os.WTERMSIG(status))
`;

/** Programs of macOS that terminals need, as stand-ins, not macOS: what is tried with them is our side of them alone. */
export class MacToolsStandIn {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tandem-mac-tools-'));

  constructor() {
    const put = (name: string, text: string): void => writeFileSync(join(this.#folder, name), text, { mode: 0o755 });
    for (const name of ['stty', 'tty', 'script']) copyFileSync(`/usr/bin/${name}`, this.linux(name));
    put('script', `#!${python.stdout.trim()}\n${SCRIPT}`);
    put('tty', `#!/bin/sh\n"${this.linux('tty')}" | sed 's,/dev/pts/,/dev/ttys,'\n`);
    put('stty', `#!/bin/sh\n[ "$1" != -f ] || { shift; device=$1; shift; set -- -F "$(echo "$device" | sed 's,/dev/ttys,/dev/pts/,')" "$@"; }\nexec "${this.linux('stty')}" "$@"\n`);
  }

  /** Linux' own program, which a stand-in has the place of: `script`, `stty` or `tty`. */
  linux(name: string): string {
    return join(this.#folder, `linux-${name}`);
  }

  /** Begins a program with the stand-ins in the place of the machine's, as root and without a lease's bounds; its shell is bash. */
  readonly spawn: typeof spawnInside = (_inside, command, stdio: StdioOptions, env = {}) => {
    const places = ['script', 'stty', 'tty'].map((name) => `mount --bind "${this.#folder}/${name}" /usr/bin/${name}`).join(' && ');
    return spawn('unshare', ['--mount', 'sh', '-c', `${places} && exec "$@"`, 'sh', ...command], { stdio, env: { PATH: '/usr/bin:/bin', ...env, HOME: this.#folder, SHELL: '/bin/bash' } });
  };

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
