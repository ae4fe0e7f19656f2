import type { Duplex } from 'node:stream';
import type { Clock, Logger, RandomBytes } from '../../base/index.ts';
import { TandemError } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import type { NodeLink } from '../../fleet/index.ts';
import type { LeaseDoor, LeaseEntry } from '../ports.ts';
import { ScreenFault } from '../screen/byte-reader.ts';
import { logIn, type ScreenSecret } from '../screen/handshake.ts';
import { keyLine, type SshAuthorities } from './ssh-authorities.ts';

export interface GatewayOptions {
  readonly link: NodeLink;
  readonly authorities: SshAuthorities;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
}

/** What a client of OpenSSH needs to enter a lease. */
export interface SshPass {
  /** By this name the client knows the host; it is in no DNS. */
  readonly host: string;
  readonly user: string;
  readonly certificate: string;
  /** The line for known_hosts: only what this CA has signed is this lease. */
  readonly knownHosts: string;
  readonly expiresAt: string;
}

/** One open session. */
interface Inside {
  readonly principal: Principal;
  readonly leaseId: string;
  endsAtMs: number;
}

/** Long enough to log in with; what is logged in is ended by the gateway and the node, not by a certificate. */
const PASS_SECONDS = 300;
const LOOK_MS = 1_000;
/** A screen's server that was just started takes its time. */
const LOG_IN_MS = 15_000;
const HOST_SUFFIX = '.tandem';

/** The door to leases: who may go in is asked here, at each entry, and what is inside is cut when a lease is over. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #inside = new Map<Duplex, Inside>();
  readonly #ready = new Map<string, Promise<string>>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #unlisten: (() => void) | undefined;
  #leases: LeaseDoor | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Sessions that are open here. */
  get size(): number {
    return this.#inside.size;
  }

  /** Who may enter leases is asked there. */
  useLeases(leases: LeaseDoor): void {
    this.#unlisten?.();
    this.#leases = leases;
    this.#unlisten = leases.onEnd((leaseId) => this.cut(leaseId));
  }

  start(): void {
    this.#loop = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the server is stopping'));
    this.#unlisten?.();
    await this.#loop;
    for (const stream of this.#inside.keys()) stream.destroy();
  }

  /** A certificate of minutes for one key and one lease, and what the client checks the host by. @throws TandemError as `LeaseDoor.enter`, node_unreachable, ssh_unavailable. */
  async pass(principal: Principal, leaseId: string, publicKey: string): Promise<SshPass> {
    const line = keyLine(publicKey);
    const { authorities, clock } = this.#options;
    const entry = await this.#enter(principal, leaseId);
    await this.#prepare(entry);
    const expiresAtMs = Math.min(clock.nowMs() + PASS_SECONDS * 1_000, entry.endsAtMs);
    const seconds = Math.max(1, Math.ceil((expiresAtMs - clock.nowMs()) / 1_000));
    const certificate = await authorities.forUser({ publicKey: line, keyId: `${principal.actor.kind} ${principal.actor.id ?? '-'} lease ${leaseId}`, principals: [principalOf(entry)], forSeconds: seconds });
    return { host: hostOf(leaseId), user: 'tenant', certificate, knownHosts: `@cert-authority ${hostOf(leaseId)} ${await authorities.publicKey('ssh-host')}`, expiresAt: new Date(expiresAtMs).toISOString() };
  }

  /**
   * A stream to sshd of a lease, asked for anew each time. It ends with the lease.
   * @param resume where the client can take its session up again over another stream, and whether it does so now: then the stream begins with
   * what the machine says of that (`resume-lines.ts` of the agent). A machine with an agent of before gives sshd's bytes.
   */
  async enter(principal: Principal, leaseId: string, resume?: 'new' | 'again'): Promise<Duplex> {
    const { link } = this.#options;
    const entry = await this.#enter(principal, leaseId);
    if (resume !== 'again') await this.#prepare(entry);
    const lasting = resume === undefined ? {} : { resume: { again: resume === 'again', person: personOf(principal) } };
    return this.#keep(await link.open(entry.nodeId, 'ssh', { ...sessionOf(entry), ...recordOf(entry, principal), ...lasting }), principal, entry);
  }

  #keep(stream: Duplex, principal: Principal, { leaseId, endsAtMs }: LeaseEntry): Duplex {
    this.#inside.set(stream, { principal, leaseId, endsAtMs });
    stream.on('error', () => stream.destroy());
    stream.on('close', () => this.#inside.delete(stream));
    return stream;
  }

  /** @throws TandemError when the principal may not enter the lease now. */
  async demandEntry(principal: Principal, leaseId: string): Promise<void> {
    await this.#enter(principal, leaseId);
  }

  /** The lease's screen, logged in at: RFB from the client's first byte on. It ends with the lease. @throws TandemError as `enter`, screen_failed. */
  async look(principal: Principal, leaseId: string): Promise<Duplex> {
    const { link, random } = this.#options;
    const entry = await this.#enter(principal, leaseId);
    const secret = readSecret(await link.ask(entry.nodeId, 'lease.screen', { lease: leaseId }), entry.nodeId);
    const stream = this.#keep(await link.open(entry.nodeId, 'screen', sessionOf(entry)), principal, entry);
    try {
      await logIn(stream, secret, random, AbortSignal.timeout(LOG_IN_MS));
    } catch (error) {
      stream.destroy();
      throw error instanceof ScreenFault ? new TandemError('screen_failed', { params: { reason: error.message } }) : error;
    }
    return stream;
  }

  /** A terminal inside the lease. It ends with the lease. @throws TandemError as `enter`. */
  async terminal(principal: Principal, leaseId: string, order: { readonly terminal: string; readonly person: string; readonly columns: number; readonly rows: number }): Promise<Duplex> {
    const entry = await this.#enter(principal, leaseId);
    return this.#keep(await this.#options.link.open(entry.nodeId, 'terminal', { ...order, ...sessionOf(entry), ...recordOf(entry, principal) }), principal, entry);
  }

  /** Cuts every session of a lease here; the node ends its own side. */
  cut(leaseId: string): void {
    for (const key of this.#ready.keys()) if (key.startsWith(`${leaseId} `)) this.#ready.delete(key);
    for (const [stream, inside] of this.#inside) if (inside.leaseId === leaseId) stream.destroy();
  }

  async #enter(principal: Principal, leaseId: string): Promise<LeaseEntry> {
    if (this.#leases === undefined) throw new TandemError('resource_not_found', { params: { kind: 'lease', id: leaseId, verb: 'node list' } });
    return this.#leases.enter(principal, leaseId);
  }

  /** The host key is made on the node, once for each lease, and signed here. */
  #prepare(entry: LeaseEntry): Promise<string> {
    const key = `${entry.leaseId} ${entry.nodeId}`;
    const known = this.#ready.get(key);
    if (known !== undefined) return known;
    const preparing = this.#sign(entry);
    this.#ready.set(key, preparing);
    preparing.catch(() => this.#ready.delete(key));
    return preparing;
  }

  async #sign(entry: LeaseEntry): Promise<string> {
    const { link, authorities, clock } = this.#options;
    const order = { lease: entry.leaseId, userCa: await authorities.publicKey('ssh-user'), principal: principalOf(entry) };
    const { hostKey, records } = (await link.ask(entry.nodeId, 'lease.ssh', order)) as { hostKey?: unknown; records?: unknown };
    // An agent of before would let people in unrecorded.
    if (entry.record === true && records !== true) throw new TandemError('node_refused', { params: { name: entry.nodeId, reason: 'its agent cannot record sessions yet' } });
    if (typeof hostKey !== 'string') throw new TandemError('node_refused', { params: { name: entry.nodeId, reason: 'it gave no host key' } });
    // As long as a lease may last: it ends with the key, which ends with the lease.
    const forSeconds = Math.max(86_400, Math.ceil((entry.endsAtMs - clock.nowMs()) / 1_000)) + 30 * 86_400;
    const hostCertificate = await authorities.forHost({ publicKey: hostKey, keyId: `lease ${entry.leaseId}`, principals: [hostOf(entry.leaseId)], forSeconds });
    await link.ask(entry.nodeId, 'lease.ssh', { ...order, hostCertificate });
    return hostCertificate;
  }

  /** The end of a lease by its time: nobody has to say it. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(LOOK_MS, this.#stopping.signal).catch(() => {});
      const due = [...this.#inside].filter(([, { endsAtMs }]) => endsAtMs <= clock.nowMs());
      await Promise.all(due.map(([stream, inside]) => this.#renew(stream, inside)));
    }
  }

  /** The end may have moved since: who decides is asked again, and a session that may not go on is cut. */
  async #renew(stream: Duplex, inside: Inside): Promise<void> {
    try {
      inside.endsAtMs = (await this.#enter(inside.principal, inside.leaseId)).endsAtMs;
    } catch {
      inside.endsAtMs = Number.NEGATIVE_INFINITY;
    }
    if (inside.endsAtMs <= this.#options.clock.nowMs()) stream.destroy();
  }
}

/** What a node says of its screen's log-in is looked at, and never repeated. */
function readSecret(answer: unknown, node: string): ScreenSecret {
  const { username = null, password } = (answer ?? {}) as { username?: unknown; password?: unknown };
  if (typeof password !== 'string' || password === '' || password.length > 63 || !(username === null || (typeof username === 'string' && username.length <= 63))) throw new TandemError('node_refused', { params: { name: node, reason: 'it gave no way to its screen' } });
  return { username, password };
}

/** By what a node knows which session this is. */
function sessionOf({ leaseId, fence }: LeaseEntry): Readonly<Record<string, string>> {
  return { lease: leaseId, ...(fence !== undefined && { fence }) };
}

/** Whose a session is: nobody else takes it up again. */
function personOf({ actor }: Principal): string {
  return `${actor.kind} ${actor.id ?? actor.label}`.slice(0, 100);
}

/** In whose name a session is recorded, where it is. */
function recordOf({ record }: LeaseEntry, { actor }: Principal): Readonly<Record<string, string>> {
  return record === true ? { record: actor.label.slice(0, 200) } : {};
}

/** What a certificate must name. */
function principalOf({ leaseId, nodeId }: LeaseEntry): string {
  return `${leaseId}@${nodeId}`;
}

function hostOf(leaseId: string): string {
  return `${leaseId}${HOST_SUFFIX}`;
}
