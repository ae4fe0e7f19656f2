import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../outside.ts';
import { homeAt } from '../state/home.ts';
import { MacToolsStandIn, canStandInForMacTools } from '../testing/mac-tools-stand-in.ts';
import { TERMINAL, TerminalReader, sizeFrame, terminalFrames } from '../wire/index.ts';
import type { MacAccount } from './inside.ts';
import { pathsOf } from './record.ts';
import { Recording, recordingsOf, type RecordingFacts } from './recordings/recording.ts';
import { recordSsh } from './recordings/ssh-recording.ts';
import { MarkedLine, deviceIn, resizeIn, terminalProgram } from './terminal-program.ts';
import { Terminal } from './terminal.ts';

const LEASE = '0192f0c1-7a00-7000-8000-00000000000b';
const inside: MacAccount = { uid: 1_000_000_001, account: 'tenant', profile: null, processes: null };
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };
const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries === 800) throw new Error(`never ${what}`);
    await realWait(25);
  }
};

describe('what runs in a terminal of a Mac, from documentation', () => {
  it('says where its terminal is before its shell begins, which is taken out of what it shows', () => {
    const { command, mark, env, hangUp, resize } = terminalProgram(inside, { columns: 100, rows: 30 });
    expect(command.at(-1)).toContain(`/bin/stty rows 30 columns 100; printf '%s %s\\n' '${mark}' "$(/usr/bin/tty)"; exec "$SHELL" -l`);
    expect([env['HOME'], env['SHELL'], hangUp, resize('/dev/ttys004', { columns: 90, rows: 20 })]).toEqual(['/Users/tenant', '/bin/zsh', 'SIGTERM', ['/bin/stty', '-f', '/dev/ttys004', 'rows', '20', 'columns', '90']]);
    const line = new MarkedLine(mark!);
    expect(line.take(Buffer.from('early'))).toEqual({ shown: Buffer.alloc(0) });
    expect(line.take(Buffer.from(`\r\n${mark} /dev/tty`))).toEqual({ shown: Buffer.alloc(0) });
    expect(line.take(Buffer.from('s004\r\n% '))).toEqual({ shown: Buffer.from('early\r\n% '), name: '/dev/ttys004\r' });
    expect(line.take(Buffer.from(`${mark} x\n`))).toEqual({ shown: Buffer.from(`${mark} x\n`) });
    const without = new MarkedLine('mark');
    expect(without.take(Buffer.alloc(70_000, 'x')).shown).toHaveLength(70_000);
    expect(without.take(Buffer.from('mark y\n')).shown.toString()).toBe('mark y\n');
  });

  it('names no device but a terminal', () => {
    expect(['/dev/ttys004\r', '/dev/ttys1234567', '/dev/disk0', '/dev/ttys1 /dev/disk0', 'not a tty'].map((name) => deviceIn(name, inside))).toEqual(['/dev/ttys004', undefined, undefined, undefined, undefined]);
  });
});

describe.runIf(canStandInForMacTools)('terminals and recordings of a Mac by stand-ins for its tools, not macOS', () => {
  let tools: MacToolsStandIn;
  let folder: string;
  const open: { destroy(): void }[] = [];
  beforeAll(() => {
    tools = new MacToolsStandIn();
    folder = mkdtempSync(join(tmpdir(), 'tandem-mac-terminal-'));
  });
  afterEach(() => open.splice(0).forEach((one) => one.destroy()));
  afterAll(() => {
    tools.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Two ends of one socket, as a keeper and its carrier have them. */
  const socketPair = async (): Promise<[Socket, Socket]> => {
    const path = join(folder, `${Math.random()}.sock`);
    const server = createServer().listen(path);
    const near = new Promise<Socket>((resolve) => { server.once('connection', resolve); });
    const far = connect(path);
    const pair: [Socket, Socket] = [await near, far];
    server.close();
    open.push(...pair);
    return pair;
  };

  it('a shell answers, takes another size while it runs and one that came too early, and says how it ended', async () => {
    const [near, far] = await socketPair();
    const reader = new TerminalReader();
    let shown = '';
    let ended: unknown;
    far.on('data', (chunk: Buffer) => {
      for (const { kind, payload } of reader.read(chunk)) {
        if (kind === TERMINAL.data) shown += payload.toString();
        if (kind === TERMINAL.ended) ended = JSON.parse(payload.toString());
      }
    });
    const sizes: object[] = [];
    const terminal = new Terminal({ inside, size: { columns: 100, rows: 30 }, log: 2, sized: (size) => void sizes.push(size), ended: () => {}, spawn: tools.spawn });
    terminal.join(near, { resumed: false, recorded: false, size: { columns: 100, rows: 30 }, left: () => {} });
    const type = (text: string): void => { for (const frame of terminalFrames(TERMINAL.data, Buffer.from(text))) far.write(frame); };
    far.write(sizeFrame({ columns: 101, rows: 31 }));
    // A size is set by a program of its own, which may be slower than what is typed: whoever asks again hears of it.
    const asked = (what: string, line: string, answer: string): Promise<void> => until(what, () => {
      if (!shown.includes(answer)) type(line);
      return shown.includes(answer);
    });
    await until('has the early size', () => sizes.length === 1);
    type('trap "echo size now \\$(stty size)" WINCH; test -t 0 && echo "a terminal: $TERM"\n');
    await asked('says its size', 'stty size\n', '31 101');
    await until('is a terminal', () => shown.includes('a terminal: xterm-256color'));
    far.write(sizeFrame({ columns: 90, rows: 20 }));
    await until('has another size', () => sizes.length === 2);
    await asked('hears of another size', '\n', 'size now 20 90');
    expect(shown).not.toContain('/dev/ttys');
    type('exit 7\n');
    await until('ended', () => ended !== undefined);
    expect(ended).toEqual({ code: 7 });
  }, 30_000);

  it('is hung up with what runs in it', async () => {
    let ended = false;
    const pidFile = join(folder, 'pid');
    const [near, far] = await socketPair();
    const terminal = new Terminal({ inside, size: { columns: 80, rows: 24 }, log: 2, ended: () => { ended = true; }, spawn: tools.spawn });
    terminal.join(near, { resumed: false, recorded: false, size: { columns: 80, rows: 24 }, left: () => {} });
    for (const frame of terminalFrames(TERMINAL.data, Buffer.from(`sh -c 'echo $$ > ${pidFile}; exec sleep 600'\n`))) far.write(frame);
    const pid = (): number => Number(readdirSync(folder).includes('pid') ? readFileSync(pidFile, 'utf8') : 0);
    await until('runs', () => pid() > 0);
    terminal.hangUp();
    await until('ended', () => ended);
    await until('is gone', () => !readdirSync('/proc').includes(String(pid())));
  }, 30_000);

  it('a shell by SSH is recorded with its sizes, its command and its end', async () => {
    const home = homeAt(join(folder, 'home'));
    const paths = pathsOf(home, LEASE);
    mkdirSync(paths.ssh, { recursive: true });
    const recording = new Recording(home, outside, { lease: LEASE, kind: 'connection', person: 'ada', tamperProof: true });
    const { args, ended } = recordSsh(recording, { paths, uid: 0, folderInside: paths.ssh, mac: true, wait: realWait, resize: resizeIn(inside, tools.spawn) });
    const program = /^ForceCommand=(.*)$/.exec(args[1]!)![1]!;
    // In the place of sshd's terminal, of which the tenant's client sets the size.
    const outer = tools.spawn(inside, [tools.linux('script'), '--quiet', '--return', '--flush', '--command', `${tools.linux('tty')} >&3; exec 3>&-; stty rows 30 cols 100; SSH_ORIGINAL_COMMAND='' exec ${program}`, '/dev/null'], ['pipe', 'pipe', 2, 'pipe']);
    let device = '';
    let shown = '';
    (outer.stdio[3] as NodeJS.ReadableStream).on('data', (chunk: Buffer) => { device += chunk.toString(); });
    outer.stdout!.on('data', (chunk: Buffer) => { shown += chunk.toString(); });
    const over = new Promise<number | null>((resolve) => { outer.once('close', resolve); });
    // What is typed before is dropped, as Apple's own does when it takes the terminal.
    await until('has a prompt', () => /[#$] $/.test(shown));
    outer.stdin!.write('stty size; echo re""corded\n');
    await until('says its size', () => shown.includes('30 100') && shown.includes('recorded\r\n'));
    tools.spawn(inside, [tools.linux('stty'), '-F', device.trim(), 'rows', '21', 'cols', '91'], 'ignore');
    await until('has another size inside', () => {
      outer.stdin!.write('stty size\n');
      return shown.includes('21 91');
    });
    outer.stdin!.write('exit 3\n');
    expect(await over).toBe(3);
    await ended();
    const files = recordingsOf(home, LEASE);
    const facts = JSON.parse(readFileSync(join(files, `${recording.id}.json`), 'utf8')) as RecordingFacts;
    expect(facts).toMatchObject({ kind: 'shell', command: null, exitCode: 3, whole: true });
    const [head, ...events] = readFileSync(join(files, `${recording.id}.cast`), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown);
    expect(head).toMatchObject({ version: 2, width: 100, height: 30 });
    const kinds = events as [number, string, string][];
    expect(kinds.filter(([, kind]) => kind === 'o').map(([, , text]) => text).join('')).toContain('recorded\r\n');
    expect(kinds.some(([, kind, text]) => kind === 'r' && text === '91x21')).toBe(true);
    expect(readdirSync(paths.ssh)).toEqual(['record']);
  }, 30_000);
});
