import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { sayLine, sessionOf } from '../leases/keeper-line.ts';
import { fenceOf, leaseOf, pathsOf, readRecord } from '../leases/record.ts';
import type { Outside } from '../outside.ts';
import type { Home } from '../state/home.ts';
import { WireError, textOf, type Message } from '../wire/index.ts';
import type { CarryWord } from './carrier.ts';
import { resumeOf } from './lasting.ts';

export interface CarriersOptions {
  readonly home: Home;
  readonly outside: Outside;
  /** The agent's program: a carrier is another run of it. */
  readonly program: string;
}

const ANSWER_MS = 20_000;
const START_MS = 10_000;
const STEP_MS = 10;

/** The processes that carry leases' sessions, as the agent has them: begun when somebody enters, found again by the next agent. */
export class Carriers {
  readonly #options: CarriersOptions;
  readonly #starting = new Map<string, Promise<void>>();

  constructor(options: CarriersOptions) {
    this.#options = options;
  }

  /** Has a session carried to the server that asks for it. @throws WireError not_running, no_port, fenced; no_carrier when the server may try another way. */
  async carry(params: Message): Promise<Message> {
    const lease = leaseOf(params);
    const { record, carrier: path } = pathsOf(this.#options.home, lease);
    const { state, fence } = existsSync(record) ? readRecord(record) : { state: 'stopped', fence: '' };
    if (state !== 'running') throw new WireError('not_running', 'the lease does not run here');
    if (params['fence'] !== undefined && fenceOf(params) !== fence) throw new WireError('fenced', 'the lease was granted anew meanwhile');
    const resume = resumeOf(params);
    const word: CarryWord = { token: textOf(params, 'token', 64), session: sessionOf(params), ...(resume !== undefined && { resume }) };
    let said = await sayLine(path, word, ANSWER_MS);
    if (said === undefined) {
      await this.prepare(lease);
      said = await sayLine(path, word, ANSWER_MS);
    }
    said?.socket.destroy();
    if (said?.answer === 'ok') return {};
    const [, code = 'no_carrier', reason = 'the process that carries sessions does not answer'] = /^no (\w+) (.*)$/.exec(said?.answer ?? '') ?? [];
    throw new WireError(code, reason);
  }

  /** Starts the lease's carrier unless it is there. Resolves when it listens, or did not come up in time: whoever asks it is told. */
  prepare(lease: string): Promise<void> {
    const starting = this.#starting.get(lease) ?? this.#start(lease).finally(() => this.#starting.delete(lease));
    this.#starting.set(lease, starting);
    return starting;
  }

  async #start(lease: string): Promise<void> {
    const { home, outside, program } = this.#options;
    const paths = pathsOf(home, lease);
    if (await answers(paths.carrier)) return;
    const log = openSync(paths.log, 'a', 0o600);
    const carrier = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'carry', '--home', home.root, '--lease', lease], { detached: true, stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    carrier.unref();
    let gone = false;
    carrier.once('exit', () => { gone = true; });
    carrier.once('error', () => { gone = true; });
    const fromMs = outside.bootMs();
    while (!gone && outside.bootMs() - fromMs < START_MS && !(await answers(paths.carrier))) await outside.wait(STEP_MS);
  }
}

/** Whether somebody listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
