import { TandemError, parseAmount, printable, type Logger } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import type { Principal } from '../ports.ts';
import type { Aliases } from '../registry/aliases.ts';
import type { Backends } from '../registry/backends.ts';
import { keyContext } from '../registry/catalogue.ts';
import { difference, type Change, type Item } from './diff.ts';
import { configForm, type ConfigFile, type ConfigInput } from './form.ts';
import { longBuckets } from './prices.ts';
import { BUDGET_NAME, LIMIT_NAME, PRICE_NAME, readState, type ConfigRooms, type State, type StateTools } from './state.ts';
import { wantedItems } from './wanted.ts';

export interface ConfigPlan {
  readonly changes: readonly Change[];
  readonly same: number;
  /** Of the state that the plan was made against. */
  readonly fingerprint: string;
}

export interface ConfigTools extends Omit<StateTools, 'rooms'> {
  /** Told after everything is made: the rooms below do not know this one. */
  readonly rooms: () => ConfigRooms;
  readonly backends: Backends;
  readonly aliases: Aliases;
  readonly log: Logger;
  /** The sealed key under this id; undefined when there is none. */
  readonly sealedKey: (organisationId: string, keyId: string) => Promise<Buffer | undefined>;
}

/** An organisation's configuration as a file: read it, plan a change, apply it. */
export class Configuration {
  readonly #tools: ConfigTools;
  /** Applied one after the other in this process; the fingerprint holds against another one. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(tools: ConfigTools) {
    this.#tools = tools;
  }

  async show(principal: Principal): Promise<{ config: ConfigInput; fingerprint: string }> {
    demand(principal, 'models.read');
    const { file, fingerprint } = await readState(principal, { ...this.#tools, rooms: this.#tools.rooms() });
    return { config: file, fingerprint };
  }

  /** What applying this file would change. Nothing is written. @throws TandemError invalid_request naming the place. */
  async plan(principal: Principal, input: unknown): Promise<ConfigPlan> {
    demand(principal, 'models.write');
    const { plan } = await this.#planned(principal, parse(input));
    return plan;
  }

  /**
   * Makes a plan's changes one after the other, each by its ordinary operation: what is done stays done when a later one fails, and the
   * next plan shows the rest.
   * @throws TandemError plan_stale when the state is another one than the plan was made against.
   */
  apply(principal: Principal, input: unknown, fingerprint: string): Promise<ConfigPlan> {
    demand(principal, 'models.write');
    const file = parse(input);
    const work = this.#last.then(async () => {
      const { plan, state } = await this.#planned(principal, file);
      if (plan.fingerprint !== fingerprint) throw new TandemError('plan_stale');
      for (const [at, change] of plan.changes.entries()) {
        try {
          await this.#make(principal, file, state, change);
        } catch (error) {
          this.#tools.log.warn({ change: `${change.action} ${change.kind} ${change.name}`, done: at, of: plan.changes.length }, 'a configuration was applied in part');
          throw error;
        }
      }
      return plan;
    });
    this.#last = work.catch(() => {});
    return work;
  }

  async #planned(principal: Principal, file: ConfigFile): Promise<{ plan: ConfigPlan; state: State }> {
    const state = await readState(principal, { ...this.#tools, rooms: this.#tools.rooms() });
    const sealed = await this.#openKeys(principal, file, state);
    const wanted = wantedItems(file, state, this.#tools.limits, (backend, label, key) => sealed.get(`${backend}/${label}`) === key);
    const whole = new Set<Item['kind']>();
    if (file.backends) whole.add('backend').add('key');
    if (file.models) whole.add('model');
    if (file.budgets) whole.add('budget');
    if (file.limits) whole.add('limit');
    const { changes, same } = difference(wanted, state.items, whole);
    // With a backend go its keys.
    const goes = new Set(changes.filter(({ action, kind }) => action === 'remove' && kind === 'backend').map(({ name }) => name));
    return { state, plan: { changes: changes.filter(({ action, kind, name }) => !(action === 'remove' && kind === 'key' && goes.has(name.slice(0, name.lastIndexOf('/'))))), same, fingerprint: state.fingerprint } };
  }

  /** Keys that the file gives and that are sealed here too, for the comparison alone. */
  async #openKeys(principal: Principal, file: ConfigFile, state: State): Promise<Map<string, string>> {
    const opened = new Map<string, string>();
    for (const { name, keys } of file.backends ?? []) {
      const backend = state.backends.find((one) => one.name === name && one.from === 'api');
      for (const { label } of keys.filter(({ key }) => key !== undefined)) {
        const connection = backend?.connections.find((one) => one.label === label);
        const sealed = connection && await this.#tools.sealedKey(principal.organisationId, connection.id);
        if (!sealed) continue;
        try {
          opened.set(`${name}/${label}`, this.#tools.secrets.open(sealed, keyContext(backend!.id)).toString());
        } catch {
          // It cannot be opened, so the one that is given replaces it.
        }
      }
    }
    return opened;
  }

  async #make(principal: Principal, file: ConfigFile, state: State, { action, kind, name }: Change): Promise<void> {
    const { backends, aliases, catalogue } = this.#tools;
    const rooms = this.#tools.rooms();
    /** Asked anew, since a step before this one may have made it. */
    const backendId = (wanted: string) => catalogue.registry.backendsOf(principal.organisationId).find((one) => one.name === wanted && one.organisationId === principal.organisationId)?.id ?? wanted;
    const scopeOf = async (text: string) => {
      const [scopeKind, ...rest] = text.split(':');
      const title = rest.join(':');
      if (scopeKind === 'project') return { kind: 'project' as const, id: (await rooms.projects.list(principal)).items.find((project) => project.name === title && project.archivedAt === null)?.id ?? title };
      return scopeKind === 'key' ? { kind: 'key' as const, id: state.ids.key.get(title) ?? title } : { kind: 'organisation' as const, id: principal.organisationId };
    };
    switch (kind) {
      case 'project': {
        const project = action === 'add' ? (await rooms.projects.create(principal, { name })).id : state.ids.project.get(name)!;
        const { paysAttempts } = file.projects!.find((one) => one.name === name)!;
        if (paysAttempts !== undefined) await rooms.projects.update(principal, project, { paysAttempts });
        return;
      }
      case 'backend': {
        if (action === 'remove') return backends.remove(principal, backendId(name));
        const { kind: speaks, url, options, enabled } = file.backends!.find((one) => one.name === name)!;
        const id = action === 'add' ? (await backends.create(principal, { name, url, kind: speaks, options })).id : backendId(name);
        if (action === 'change') await backends.update(principal, id, { url, kind: speaks, options, enabled });
        else if (!enabled) await backends.update(principal, id, { enabled });
        return;
      }
      case 'key': {
        const at = name.lastIndexOf('/');
        const [backend, label] = [name.slice(0, at), name.slice(at + 1)];
        if (action === 'remove') return backends.removeKey(principal, backendId(backend), label);
        const { label: _label, key, ...limits } = file.backends!.find((one) => one.name === backend)!.keys.find((one) => one.label === label)!;
        await backends.setKey(principal, backendId(backend), label, { ...limits, ...(key !== undefined && { key }) });
        return;
      }
      case 'model': {
        if (action === 'remove') return aliases.remove(principal, name);
        const { targets, goal, regions, limits } = file.models!.find((one) => one.name === name)!;
        const wanted = { goal, regions, limits, targets: targets.map(({ backend, ...target }) => ({ ...target, backendId: backendId(backend) })) };
        await (action === 'add' ? aliases.create(principal, { name, ...wanted }) : aliases.update(principal, name, wanted));
        return;
      }
      case 'price': {
        const { model, tier, costOf, buckets, source } = file.prices!.find((one) => PRICE_NAME(one.model, one.tier, one.costOf) === name)!;
        await rooms.prices.create(principal, { resource: model, tier, side: costOf === null ? 'sell' : 'cost', ...(costOf !== null && { backendId: backendId(costOf) }), buckets: longBuckets(buckets), source });
        return;
      }
      case 'budget': {
        const id = state.ids.budget.get(name);
        if (action === 'remove') return rooms.budgets.remove(principal, id!);
        const { scope, period, amount, alertShares, subject } = file.budgets!.find((one) => BUDGET_NAME(one.scope, one.period, one.subject) === name)!;
        const pico = String(parseAmount(amount)!);
        await (action === 'change' ? rooms.budgets.update(principal, id!, { amount: pico, alertShares }) : rooms.budgets.create(principal, { scope: await scopeOf(scope), subject, amount: pico, period, alertShares }));
        return;
      }
      case 'limit': {
        const id = state.ids.limit.get(name);
        if (action === 'remove') return rooms.limits.remove(principal, id!);
        const { scope, metric, amount, subject } = file.limits!.find((one) => LIMIT_NAME(one.scope, one.metric, one.subject) === name)!;
        await (action === 'change' ? rooms.limits.update(principal, id!, { amount }) : rooms.limits.create(principal, { scope: await scopeOf(scope), metric, amount, subject }));
        return;
      }
    }
  }
}

function parse(input: unknown): ConfigFile {
  const parsed = configForm.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = (issue?.path ?? []).map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('').replace(/^\./, '');
  throw new TandemError('invalid_request', { ...(param !== '' && { param }), params: { reason: `${param === '' ? 'The configuration' : printable(param)}: ${printable(issue?.message ?? 'it is not of the known form')}.` } });
}
