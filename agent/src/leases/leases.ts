import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type RunCommand } from '../machine/command.ts';
import type { Outside } from '../outside.ts';
import type { Home } from '../state/home.ts';
import { WireError, joinStreams, textOf, type Message, type WireStream } from '../wire/index.ts';
import { readBounds } from './bounds.ts';
import { cardFacts } from './gpus/card-facts.ts';
import { meet, nodesByPlace, nodesOf, type Device } from './gpus/devices.ts';
import { Resets } from './gpus/resets.ts';
import type { FileCache } from './file-cache.ts';
import { prepareJob } from './job-files.ts';
import { readAnswer, sayToKeeper, sessionOf } from './keeper-line.ts';
import { fenceOf, freeUid, leaseOf, pathsOf, readFence, readGrant, readRecords, volumeOf, writeFence, writeRecord, type LeaseRecord } from './record.ts';
import { lookAtHome } from './look.ts';
import { LeaseJobs } from './once/lease-jobs.ts';
import { LeaseWays } from './ranks/lease-ways.ts';
import { prepareScreen } from './screen.ts';
import { prepareSsh } from './ssh-files.ts';
import { endAccount, takeAwayFromMac } from '../macos/hold.ts';
import { lookAtMac } from '../macos/look.ts';
import { wipeMac } from '../macos/wipe.ts';
import { takeAway } from './surroundings.ts';
import { readVolumes, removeVolume, takeHome } from './volumes.ts';
import { keptReport, type WipeReport } from './wipe/reports.ts';
import { wipe, type WiperOptions } from './wipe/wipe.ts';

export interface LeasesOptions {
  readonly home: Home;
  readonly boot: string;
  readonly outside: Outside;
  /** The agent's program: a keeper is another run of it. */
  readonly program: string;
  readonly agentVersion: string;
  /** What jobs are made of; absent: none is begun here. */
  readonly cache?: FileCache;
  /** Programs of the machine; default: really. */
  readonly run?: RunCommand;
  /** How long and where a wipe looks over the machine. */
  readonly wipes: Pick<WiperOptions, 'walkMs' | 'roots' | 'run'>;
}

const START_MS = 25_000;
const STEP_MS = 25;

/** Leases on this machine, as the server asks for them. One thing at a time, so that no two questions meet. */
export class Leases {
  readonly #options: LeasesOptions;
  /** Nothing stands on the machine for a lease that does not run. */
  #tidy = false;
  readonly #wipes = new Map<string, Promise<WipeReport>>();
  /** Leases that are being ended, each as often as it was asked. */
  readonly #ending = new Map<string, number>();
  readonly #resets = new Resets();
  #tail: Promise<unknown> = Promise.resolve();
  /** What leases run once. */
  readonly jobs: LeaseJobs;
  /** By which way machines of one lease reach each other. */
  readonly ways: LeaseWays;

  constructor(options: LeasesOptions) {
    this.#options = options;
    const running = (lease: string): Promise<LeaseRecord> => this.#alone(() => this.#running(lease));
    this.jobs = new LeaseJobs(options.home, running);
    this.ways = new LeaseWays(options.home, running);
  }

  /** What runs here and how long it has left, with the clock that grants are counted by. */
  list(): Promise<Message> {
    return this.#alone(async () => {
      const { boot, outside } = this.#options;
      const leases = (await this.#records()).filter(({ state }) => state === 'running').map(({ lease, fence, untilUptimeMs }) => ({ lease, fence, remainingMs: Math.floor(untilUptimeMs - outside.bootMs()) }));
      return { boot, uptimeMs: Math.floor(outside.bootMs()), leases };
    });
  }

  /** Those that have time left in this boot and do not run: ended on purpose, or their keeper or sandbox ended by itself. The server knows which. */
  stopped(): Promise<string[]> {
    return this.#alone(async () => {
      const { boot, outside } = this.#options;
      return (await this.#records()).filter(({ state, boot: of, untilUptimeMs }) => state === 'stopped' && of === boot && untilUptimeMs > outside.bootMs()).map(({ lease }) => lease);
    });
  }

  /** Those that run and have a card that is broken, or that the machine does not have any more. @param here ids of the cards that it has and that work. */
  withoutCard(here: readonly string[]): Promise<string[]> {
    return this.#alone(async () => (await this.#records()).filter(({ state, devices }) => state === 'running' && devices.some(({ uuid }) => !here.includes(uuid))).map(({ lease }) => lease));
  }

  /**
   * Lets a lease run until a time on this machine's own clock. Once more moves its end.
   * @throws WireError for another boot, an older fence, and units that another lease has or has left unwiped.
   */
  grant(params: Message): Promise<Message> {
    return this.#alone(async () => {
      const { home, boot, outside } = this.#options;
      const asked = readGrant(params);
      if (this.#ending.has(asked.lease)) throw new WireError('over', 'the lease is being ended');
      if (asked.boot !== boot) throw new WireError('rebooted', 'the machine was started again meanwhile');
      // The server gives root only where something outside can reinstall the machine; on Linux nothing here is made for it yet.
      if (asked.access === 'root' && process.platform !== 'darwin') throw new WireError('no_reinstall', 'this agent gives no raw root on Linux');
      if (asked.devices === undefined && asked.units.some((unit) => /^gpu-\d+-\d+$/.test(unit))) throw new WireError('no_slices', 'the server does not name the slices of its grant, so none can be shown');
      if (asked.untilUptimeMs <= outside.bootMs()) throw new WireError('over', 'the time of the grant is over');
      const records = await this.#records();
      const before = records.find(({ lease }) => lease === asked.lease);
      const seen = readFence(home);
      if (BigInt(asked.fence) < seen && before?.fence !== asked.fence) throw new WireError('fenced', 'a later lease was here already');
      // What was sent before the end and comes after it, by way of another server, say.
      const isEnded = before === undefined ? BigInt(asked.fence) === seen && keptReport(home, asked.lease) !== undefined : before.ended === true && before.fence === asked.fence;
      if (isEnded) throw new WireError('over', 'the lease was ended');
      if (this.#wipes.has(asked.lease)) throw new WireError('not_wiped', 'what this lease left is being taken away');
      const other = records.find((record) => record.lease !== asked.lease && (record.units.some((unit) => asked.units.includes(unit)) || meet(record.devices, asked.devices ?? [])));
      if (other !== undefined) throw new WireError('not_wiped', 'another lease has one of these units, or has left it unwiped');
      if (BigInt(asked.fence) > seen) writeFence(home, BigInt(asked.fence));
      const volumes = readVolumes(home);
      // Its tenant could read them, and they go when the machine is set up anew.
      if (asked.access === 'root' && volumes.length > 0) throw new WireError('volumes_here', 'homes that are kept lie on this machine');
      // A lease that is told of its home again has it already.
      const volume = before === undefined ? asked.volume : before.volume;
      if (volume !== null && before === undefined && records.some((one) => one.volume === volume)) throw new WireError('volume_in_use', 'another lease has the volume');
      const nodes = before?.state === 'running' ? before.nodes : await this.#nodesOf(asked.devices, asked.units);
      const record: LeaseRecord = { ...asked, devices: asked.devices ?? before?.devices ?? [], nodes, volume, uid: before?.uid ?? volumes.find((one) => one.volume === volume)?.uid ?? freeUid(home, [...records, ...volumes]), state: 'running' };
      if (volume !== null && before === undefined && !volumes.some((one) => one.volume === volume)) throw new WireError('no_volume', 'the volume is not on this machine');
      if (before?.state !== 'running') this.#resets.mayBegin(record.devices);
      writeRecord(home, record);
      if (volume !== null) takeHome(home, volume, pathsOf(home, record.lease));
      if (before?.state !== 'running' || !(await this.#tell(record.lease, { do: 'until', untilUptimeMs: record.untilUptimeMs }))) await this.#startKeeper(record);
      return { user: 'tenant', volume, bounds: readBounds(pathsOf(home, record.lease)) ?? null };
    });
  }

  /** The device nodes that a lease is to see. @throws WireError no_device. */
  async #nodesOf(devices: readonly Device[] | undefined, units: readonly string[]): Promise<string[]> {
    if (process.platform !== 'linux') return [];
    return devices === undefined ? nodesByPlace(units) : nodesOf(devices, await cardFacts(devices, this.#options.run ?? runCommand));
  }

  /** Nothing of the lease runs when this resolves. Its programs are ended before this takes its turn among what else is asked. */
  async end(params: Message): Promise<Message> {
    await this.#endAtOnce(leaseOf(params), fenceOf(params));
    return {};
  }

  /** Ends the lease and takes away what it left; says what was looked at. Others of this machine are served meanwhile. */
  async wipe(params: Message): Promise<Message> {
    const { home } = this.#options;
    const lease = leaseOf(params);
    const record = await this.#endAtOnce(lease, fenceOf(params));
    if (record === undefined) return { ...(keptReport(home, lease) ?? { clean: true, method: 'reset', evidence: ['the machine does not know this lease'], unchecked: [] }) };
    const keep = params['keep'] === undefined ? null : volumeOf(params, 'keep');
    let report = this.#wipes.get(lease);
    if (report === undefined) this.#wipes.set(lease, report = this.#wipe(record, keep).finally(() => this.#wipes.delete(lease)));
    return { ...(await report) };
  }

  /** What would be gone with a lease that runs. */
  async look(params: Message): Promise<Message> {
    const { uid } = await this.#alone(() => this.#running(leaseOf(params)));
    return { ...(await (process.platform === 'darwin' ? lookAtMac(uid, this.#options.run ?? runCommand) : lookAtHome(uid))) };
  }

  /** Takes a volume away for good. @throws WireError volume_in_use. */
  dropVolume(params: Message): Promise<Message> {
    return this.#alone(async () => {
      const volume = volumeOf(params);
      removeVolume(this.#options.home, volume, readRecords(this.#options.home).some((one) => one.volume === volume));
      return {};
    });
  }

  /** Makes ready for sessions by SSH; answers with the host's public key. */
  ssh(params: Message): Promise<Message> {
    return this.#alone(async () => {
      const record = await this.#running(leaseOf(params));
      const hostCertificate = params['hostCertificate'] === undefined ? null : textOf(params, 'hostCertificate', 4_000);
      return { records: true, hostKey: prepareSsh(record, pathsOf(this.#options.home, record.lease), { userCa: textOf(params, 'userCa', 1_000), principal: textOf(params, 'principal', 200), hostCertificate }) };
    });
  }

  /** Makes ready for those who look at the lease's screen; answers with what opens it. */
  screen(params: Message): Promise<Message> {
    return this.#alone(async () => {
      const record = await this.#running(leaseOf(params));
      return prepareScreen(record, pathsOf(this.#options.home, record.lease));
    });
  }

  /** Begins the lease's one job, or finds it begun, and says how it is doing. @throws WireError bad_job, not_here, job_runs, not_running. */
  serve(params: Message): Promise<Message> {
    return this.#alone(async () => {
      const { home, cache } = this.#options;
      const record = await this.#running(leaseOf(params));
      if (cache === undefined) throw new WireError('no_cache', 'this agent keeps no files for jobs');
      await prepareJob(params, pathsOf(home, record.lease), cache);
      return this.#job(record.lease);
    });
  }

  /** How the lease's job is doing, with the last that it printed. @throws WireError not_running. */
  async job(params: Message): Promise<Message> {
    return this.#job(leaseOf(params));
  }

  async #job(lease: string): Promise<Message> {
    const socket = await sayToKeeper(pathsOf(this.#options.home, lease).socket, { do: 'job' });
    const answer = socket === undefined ? undefined : await readAnswer(socket);
    if (answer === undefined) throw new WireError('not_running', 'the lease does not run here');
    return answer;
  }

  /** One session inside the lease's sandbox, over this connection: an sshd of its own, its VNC server, one of its ports, or a terminal. @throws WireError when it is not to be had. */
  async open(params: Message, stream: WireStream): Promise<void> {
    const socket = await sayToKeeper(pathsOf(this.#options.home, leaseOf(params)).socket, sessionOf(params));
    if (socket === undefined) throw new WireError('not_running', 'the lease does not run here, or nothing listens there');
    socket.on('close', () => {
      if (!socket.readableEnded) stream.destroy();
    });
    joinStreams(stream, socket);
  }

  /** Whether a lease runs here. */
  async runs(lease: string): Promise<boolean> {
    return (await this.#records()).some((one) => one.lease === lease && one.state === 'running');
  }

  #running(lease: string): Promise<LeaseRecord> {
    return this.#records().then((records) => {
      const record = records.find((one) => one.lease === lease && one.state === 'running');
      if (record === undefined) throw new WireError('not_running', 'the lease does not run here');
      return record;
    });
  }

  /** What is on disk, held against what lives: a keeper that is gone has ended its lease, and another boot all of them. */
  async #records(): Promise<LeaseRecord[]> {
    const { home, boot, outside } = this.#options;
    const records = await Promise.all(readRecords(home).map(async (record) => {
      if (record.state === 'stopped') return record;
      const lives = record.boot === boot && record.untilUptimeMs > outside.bootMs() && (await this.#tell(record.lease, { do: 'until', untilUptimeMs: record.untilUptimeMs }));
      if (lives) return record;
      const stopped: LeaseRecord = { ...record, state: 'stopped' };
      await this.#tell(record.lease, { do: 'end' });
      this.#tidy = false;
      writeRecord(home, stopped);
      return stopped;
    }));
    if (!this.#tidy) await this.#tidyUp(records);
    return records;
  }

  /** A keeper that was killed, or one of an agent that was here before, took nothing away. */
  async #tidyUp(records: readonly LeaseRecord[]): Promise<void> {
    const { home, outside } = this.#options;
    if (process.platform === 'darwin') await this.#tidyUpMac(records);
    else await takeAway(home, (lease) => records.some((record) => record.lease === lease && record.state === 'running'), outside);
    this.#tidy = true;
  }

  #wipe(record: LeaseRecord, keep: string | null): Promise<WipeReport> {
    const { home, agentVersion, wipes, outside } = this.#options;
    const others = (): readonly Device[] => readRecords(home).filter(({ lease, state }) => lease !== record.lease && state === 'running').flatMap(({ devices }) => devices);
    const options = { home, agentVersion, wait: (ms: number) => outside.wait(ms), whileNoneBegins: <T>(work: (others: readonly Device[]) => Promise<T>) => this.#resets.during(others, work), ...wipes };
    return process.platform === 'darwin' ? wipeMac(record, keep, options) : wipe(record, keep, options);
  }

  /** On macOS nothing ends a lease's processes with its keeper. */
  async #tidyUpMac(records: readonly LeaseRecord[]): Promise<void> {
    for (const { uid, state } of records) if (state === 'stopped' && !(await endAccount(uid, this.#options.outside))) throw new WireError('not_ended', 'processes of a lease cannot be ended');
    if (records.every(({ state }) => state === 'stopped')) await takeAwayFromMac();
  }

  /** Others may be starting or be asked about, which takes seconds: the lease's programs do not live as long as that takes. */
  async #endAtOnce(lease: string, fence: string): Promise<LeaseRecord | undefined> {
    if (this.#recordOf(lease, fence)?.state === 'running') void this.#tell(lease, { do: 'end' });
    this.#ending.set(lease, (this.#ending.get(lease) ?? 0) + 1);
    try {
      return await this.#alone(() => this.#end(lease, fence));
    } finally {
      const left = this.#ending.get(lease)! - 1;
      if (left > 0) this.#ending.set(lease, left);
      else this.#ending.delete(lease);
    }
  }

  /** Undefined: the machine does not know it. @throws WireError for an older fence than it has. */
  #recordOf(lease: string, fence: string): LeaseRecord | undefined {
    const record = readRecords(this.#options.home).find((one) => one.lease === lease);
    if (record !== undefined && BigInt(fence) < BigInt(record.fence)) throw new WireError('fenced', 'the lease was granted anew meanwhile');
    return record;
  }

  async #end(lease: string, fence: string): Promise<LeaseRecord | undefined> {
    const { home } = this.#options;
    const record = this.#recordOf(lease, fence);
    if (record === undefined || (record.ended === true && this.#tidy)) return record;
    const told = await this.#tell(lease, { do: 'end' });
    const stopped: LeaseRecord = { ...record, state: 'stopped', ended: true };
    writeRecord(home, stopped);
    if (!told) await this.#tidyUp(readRecords(home));
    return stopped;
  }

  async #tell(lease: string, word: Parameters<typeof sayToKeeper>[1]): Promise<boolean> {
    const told = await sayToKeeper(pathsOf(this.#options.home, lease).socket, word);
    told?.destroy();
    return told !== undefined;
  }

  async #startKeeper(record: LeaseRecord): Promise<void> {
    const { home, outside, program } = this.#options;
    if ((process.platform !== 'linux' && process.platform !== 'darwin') || process.getuid?.() !== 0) throw new WireError('no_sandbox', 'leases need an agent that runs as root, on Linux or macOS');
    const paths = pathsOf(home, record.lease);
    const log = openSync(paths.log, 'a', 0o600);
    // On Linux with mounts of its own: what it mounts for the lease is seen by nobody else, and goes with it.
    const apart = process.platform === 'linux' ? ['unshare', '--mount', '--propagation', 'slave'] : [];
    const [first, ...words] = [...apart, process.execPath, '--disable-warning=ExperimentalWarning', program, 'keep', '--home', home.root, '--lease', record.lease];
    const keeper = spawn(first!, words, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    keeper.unref();
    let gone = false;
    keeper.once('exit', () => { gone = true; });
    keeper.once('error', () => { gone = true; });
    const fromMs = outside.bootMs();
    while (!gone && !this.#ending.has(record.lease) && outside.bootMs() - fromMs < START_MS) {
      if (existsSync(paths.socket) && (await this.#tell(record.lease, { do: 'until', untilUptimeMs: record.untilUptimeMs }))) return;
      await outside.wait(STEP_MS);
    }
    writeRecord(home, { ...record, state: 'stopped' });
    this.#tidy = false;
    // What it has started goes with it.
    keeper.kill('SIGKILL');
    if (this.#ending.has(record.lease)) throw new WireError('over', 'the lease is being ended');
    throw new WireError('no_sandbox', `the sandbox of the lease did not start; ${join(paths.folder, 'keeper.log')} on the machine says why`);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work, work);
    this.#tail = done.catch(() => {});
    return done;
  }
}
