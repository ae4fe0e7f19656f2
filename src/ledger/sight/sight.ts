import type { Clock, Logger } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { CallAnnotations } from '../annotations/call-annotations.ts';
import { CallErrors, type CallError } from '../errors/call-errors.ts';
import { showErrors, type ErrorsQuery, type ErrorsView } from '../errors/summary.ts';
import { showLatency, type LatencyQuery, type LatencyView } from '../latency/latency.ts';
import type { BackendNames, MachineShares, NamesPort } from '../ports.ts';
import type { PriceBook } from '../prices/book.ts';
import { Requests, type RequestsQuery, type RequestsView } from '../requests/requests.ts';
import type { RequestDetail } from '../requests/views.ts';
import { showSpend, type SpendQuery, type SpendView } from '../spend/spend.ts';
import { SightFollower } from './follower.ts';
import { noteMachineCosts, type MachineCost } from './machine-costs.ts';
import { scenarioFigures, type ScenarioFigures, type ScenariosQuery } from './scenarios.ts';

export interface SightOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly names: NamesPort;
  readonly book: Pick<PriceBook, 'byId'>;
  readonly operator: () => string | null;
}

/** What calls did, how quick they were and what they cost: everything that is asked about calls after they ended. */
export class PlainSight {
  readonly #options: SightOptions & { readonly backendNames: BackendNames; readonly machineShares: MachineShares };
  readonly #requests: Requests;
  readonly #errors: CallErrors;
  readonly #annotations: CallAnnotations;
  readonly #follower: SightFollower;
  #backendNames: BackendNames = () => null;
  #machineShares: MachineShares = async () => null;

  constructor(options: SightOptions) {
    this.#options = { ...options, backendNames: (id) => this.#backendNames(id), machineShares: (...asked) => this.#machineShares(...asked) };
    this.#requests = new Requests(this.#options);
    this.#errors = new CallErrors(options);
    this.#annotations = new CallAnnotations(options);
    this.#follower = new SightFollower(options.database);
  }

  /** The ledger knows backends by their ids alone; who knows their names says them here. */
  useBackendNames(names: BackendNames): void {
    this.#backendNames = names;
  }

  /** Nor does it know machines: who splits what they cost over calls says it here. */
  useMachineShares(shares: MachineShares): void {
    this.#machineShares = shares;
  }

  requests(principal: Principal, query: RequestsQuery): Promise<RequestsView> {
    return this.#requests.list(principal, query);
  }

  request(principal: Principal, id: string): Promise<RequestDetail> {
    return this.#requests.show(principal, id);
  }

  errors(principal: Principal, query: ErrorsQuery): Promise<ErrorsView> {
    return showErrors(this.#options, principal, query);
  }

  /** How calls went by the caller's own scenario. */
  scenarios(principal: Principal, query: ScenariosQuery): Promise<ScenarioFigures[]> {
    return scenarioFigures(this.#options, principal, query);
  }

  latency(principal: Principal, query: LatencyQuery): Promise<LatencyView> {
    return showLatency(this.#options, principal, query);
  }

  spend(principal: Principal, query: SpendQuery): Promise<SpendView> {
    return showSpend(this.#options, principal, query);
  }

  /** A call was answered with an error. Costs the call nothing. */
  noteError(call: CallError): void {
    this.#errors.note(call);
  }

  /** A hook annotated a call. Costs the call nothing. */
  noteAnnotations(organisationId: string, callId: string, annotations: Readonly<Record<string, string>>): void {
    this.#annotations.note(organisationId, callId, annotations);
  }

  /** What machines cost for calls was split, in this transaction. The sums of spend have it some moments later. */
  noteMachineCosts(tx: Executor, costs: readonly MachineCost[]): Promise<void> {
    return noteMachineCosts(tx, costs);
  }

  /** Resolves when every error and annotation that was noted is stored. */
  async errorsWritten(): Promise<void> {
    await Promise.all([this.#errors.written(), this.#annotations.written()]);
  }

  /** Brings the sums up to what is posted. Safe to repeat, and in several processes at once. */
  catchUp(signal?: AbortSignal): Promise<void> {
    return this.#follower.catchUp(signal);
  }

  /** Makes the sums anew out of the usage events. */
  rebuild(): Promise<void> {
    return this.#follower.rebuild();
  }

  /** Removes noted errors and annotations that are past their bounds. */
  async prune(): Promise<void> {
    await this.#errors.prune();
    await this.#annotations.prune();
  }
}
