import type { Selectable, Updateable } from 'kysely';
import { TandemError, isTandemError, printable } from '../../../base/index.ts';
import type { OrderStepRow, ProviderOrderRow } from '../../../db/index.ts';
import type { MachineAccess } from '../provider.ts';
import { ArrivalFault } from './arrival-fault.ts';
import type { ArrivalsOptions } from './arrivals.ts';
import { LOOK_SCRIPT, enrolScript, readLook } from './entry-script.ts';
import type { EntryReply } from './ssh-entry.ts';
import type { ArrivalStep } from './steps.ts';

type Row = Selectable<ProviderOrderRow>;
type Step = Selectable<OrderStepRow>;
/** Of the order; `reason` goes to the step. */
type Change = Updateable<ProviderOrderRow>;

/** A freshly started agent connects within seconds. */
const CONNECT_MS = 3 * 60_000;
const LOOK_AGAIN_MS = 2_000;
const VNC_PORT = 5_900;
const BY_ITSELF = 'It is tried again by itself.';

/** What each step does. All are safe to repeat. */
export class StepWork {
  readonly #options: ArrivalsOptions;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /**
   * @param keep writes down at once what must outlive this process.
   * @returns what the order knows from then on. @throws ArrivalFault, and what the provider throws.
   */
  async run(row: Row, step: ArrivalStep, steps: readonly Step[], signal: AbortSignal, keep: (change: Change) => Promise<void>): Promise<Change> {
    switch (step) {
      case 'enter': return this.#look(row, signal);
      case 'enrol': return this.#enrol(row, signal, keep);
      case 'connect': return this.#connected(row, steps);
      case 'password': return this.#password(row);
      case 'close': return this.#close(row);
      case 'probe': return this.#probe(row);
    }
  }

  async #look(row: Row, signal: AbortSignal): Promise<Change> {
    const { reply, access, keys } = await this.#enter(row, LOOK_SCRIPT, '', signal);
    const look = readLook(reply.output);
    if (look === undefined) throw new ArrivalFault('again', `the machine's shell does not run what it is sent: ${tail(reply.output)}`, BY_ITSELF);
    if (look.root === 'no') throw new ArrivalFault('person', `${access.user} cannot become root on the machine`, 'Let that user become root by sudo, or have the provider deliver one that can.');
    if (row.turn > 0 && look.agent) throw new ArrivalFault('person', 'the machine still has its agent of before: it was not reinstalled', `Look at it in the provider's own console; then: tandem orders reinstall ${row.id}.`);
    return { ...keys, reason: `${look.kernel}; its host key is ${keys.host_key_from === 'provider' ? 'the one that the provider reports' : 'the one that answered first: the provider reports none'}` };
  }

  async #enrol(row: Row, signal: AbortSignal, keep: (change: Change) => Promise<void>): Promise<Change> {
    const known = await this.#enrolled(row);
    // The process before this one came as far as the machine's own key.
    if (known !== null && known !== row.node_id) return { node_id: known, reason: 'it had enrolled already' };
    const { enrolments } = this.#options;
    if (known !== null) await this.#remove(known);
    let issued;
    try {
      issued = await enrolments.issue({ organisationId: row.organisation_id, actor: { kind: 'system', id: null, label: `order of ${row.ordered_by}` } }, { pool: row.pool!, name: row.node_name });
    } catch (error) {
      if (isTandemError(error, 'agents_off')) throw new ArrivalFault('person', 'machines have no way to reach this server', 'Set TANDEM_AGENT_ADDRESS to the HOST:PORT by which they reach it, and start again.');
      if (isTandemError(error, 'name_taken')) throw new ArrivalFault('person', `another node has the name ${row.node_name ?? ''}`, 'Remove that node, or give this order back.');
      throw error;
    }
    await keep({ enrolment_id: issued.id, node_id: null });
    const { reply } = await this.#enter(row, enrolScript(issued.address), issued.token, signal);
    if (reply.code !== 0) throw new ArrivalFault('again', `the enrolment line ended with ${reply.code}: ${tail(reply.output.replaceAll(issued.token, '…'))}`, 'It is tried again by itself. Should it go on: let the machine reach the address TANDEM_AGENT_ADDRESS of this server.');
    const made = await this.#enrolled({ ...row, enrolment_id: issued.id });
    if (made === null) throw new ArrivalFault('again', 'the enrolment line ended well and no node came of it', BY_ITSELF);
    return { enrolment_id: issued.id, node_id: made };
  }

  async #connected(row: Row, steps: readonly Step[]): Promise<Change> {
    const { clock, database, link } = this.#options;
    const node = await database.scoped(row.organisation_id).selectFrom('nodes').select(['id', 'name', 'machine', 'platform', 'removed_at', 'quarantined_at', 'quarantine_reason']).where('id', '=', row.node_id).executeTakeFirst();
    if (node === undefined || node.removed_at !== null) throw new ArrivalFault('again', 'the node was removed', 'It is enrolled anew by itself.', { anew: true });
    if (node.quarantined_at !== null) throw new ArrivalFault('person', `the node is quarantined: ${node.quarantine_reason ?? ''}`, `Look at it: tandem node show ${node.name}; then: tandem orders reinstall ${row.id}.`);
    if (!link.isConnected(node.id)) {
      const since = steps.find(({ step }) => step === 'enrol')?.ended_at?.getTime() ?? clock.nowMs();
      const isLate = clock.nowMs() > since + CONNECT_MS;
      throw new ArrivalFault('again', `the agent of ${node.name} has not connected`, isLate ? 'It is enrolled anew by itself. Should it go on: let the machine reach the address TANDEM_AGENT_ADDRESS of this server.' : BY_ITSELF, isLate ? { anew: true } : { soonMs: LOOK_AGAIN_MS });
    }
    // On Linux a new system has another machine-id; the hardware's own id of a Mac outlives every reinstallation.
    const isOther = row.machine_hash !== null && node.machine !== row.machine_hash;
    if (isOther && node.platform.startsWith('darwin')) throw new ArrivalFault('person', 'another machine answers than before the reinstallation', 'Ask the provider; then give the order back.');
    return { machine_hash: row.machine_hash ?? node.machine, reason: `the node ${node.name}${row.turn > 0 && node.platform.startsWith('darwin') ? ', the same machine by its hardware\'s id' : ''}` };
  }

  async #password(row: Row): Promise<Change> {
    const { user, password } = await this.#access(row);
    if (password === null) return { reason: 'the provider knows none' };
    await this.#ask(row, 'machine.password', { user });
    return { reason: `changed for ${user}; the new one is on the machine alone, for root` };
  }

  async #close(row: Row): Promise<Change> {
    const { port } = await this.#access(row);
    const answer = await this.#ask(row, 'machine.close', { ports: [port, VNC_PORT] });
    const by = (answer as { by?: unknown } | null)?.by;
    return { reason: `SSH (${port}) and VNC (${VNC_PORT}), by ${by === 'pf' ? 'pf' : 'nftables'}` };
  }

  async #probe(row: Row): Promise<Change> {
    const { host, port } = await this.#access(row);
    const found = await Promise.all([port, VNC_PORT].map(async (one) => ({ port: one, state: await this.#options.probe(host, one) })));
    const open = found.filter(({ state }) => state === 'open').map(({ port: one }) => one);
    if (open.length > 0) {
      // Something on the machine may have set the rules back.
      throw new ArrivalFault('person', `from outside, ${host} still takes connections at ${open.join(' and ')}`, 'Look at the firewall of the machine and at what the provider puts in front of it; it is looked at again by itself.');
    }
    return { reason: found.map((one) => `${one.port} ${one.state}`).join(', ') };
  }

  async #enter(row: Row, command: string, token: string, signal: AbortSignal): Promise<{ reply: EntryReply; access: MachineAccess; keys: Pick<Change, 'host_key' | 'host_key_from'> }> {
    const access = await this.#access(row);
    const pinned = row.host_key ?? access.hostKey;
    const keyFile = this.#options.keys.get(row.provider) ?? null;
    const reply = await this.#options.enter({ ...access, keyFile, hostKey: pinned }, command, `${access.password ?? ''}\n${token}\n`, signal);
    return { reply, access, keys: { host_key: reply.hostKey, host_key_from: row.host_key_from ?? (access.hostKey === null ? 'first-use' : 'provider') } };
  }

  #access(row: Row): Promise<MachineAccess> {
    const provider = this.#options.providers.get(row.provider);
    if (provider === undefined) throw new ArrivalFault('person', 'the operator\'s file no longer names this account', 'Enter the account again, or enrol the machine by hand: tandem node add.');
    return provider.access(row.machine_id!);
  }

  /** The node that came of the last token; null: none. */
  async #enrolled(row: Row): Promise<string | null> {
    if (row.enrolment_id === null) return null;
    const made = await this.#options.database.scoped(row.organisation_id).selectFrom('node_enrolments').select('node_id').where('id', '=', row.enrolment_id).executeTakeFirst();
    return made?.node_id ?? null;
  }

  /** A node that never connected is worth nothing, and its name is wanted. */
  async #remove(nodeId: string): Promise<void> {
    const now = new Date(this.#options.clock.nowMs());
    await this.#options.database.unscoped('a node of an order that is enrolled anew').updateTable('nodes').set({ wanted: 'remove', removed_at: now, connected_at: null }).where('id', '=', nodeId).where('removed_at', 'is', null).execute();
  }

  async #ask(row: Row, command: 'machine.password' | 'machine.close', params: Readonly<Record<string, unknown>>): Promise<unknown> {
    try {
      return await this.#options.link.ask(row.node_id!, command, params);
    } catch (error) {
      if (!(error instanceof TandemError)) throw error;
      throw new ArrivalFault('again', error.message, error.code === 'node_refused' ? 'It is tried again by itself. Should it go on, look at the machine: tandem node doctor NODE.' : BY_ITSELF);
    }
  }
}

function tail(output: string): string {
  return printable(output.trim().split('\n').slice(-2).join(' ')).slice(-250);
}
