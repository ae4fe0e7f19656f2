import { hostname } from 'node:os';
import { join } from 'node:path';
import { newId as systemId, type Clock, type Logger, type SecretBox } from '../base/index.ts';
import type { EgressPolicy, Resolve } from '../base/egress/index.ts';
import { inSpan, tracing } from '../base/trace.ts';
import type { Principal } from '../access/index.ts';
import type { Database } from '../db/index.ts';
import { Admissions } from './admission/admissions.ts';
import type { PathNames } from './holders/names.ts';
import { Scopes } from './admission/scopes.ts';
import { createBooks, type Books } from './books.ts';
import { BudgetAlerts } from './budgets/alerts.ts';
import { Budgets } from './budgets/budgets.ts';
import { FullWindows } from './budgets/counted.ts';
import { BudgetDirectory } from './budgets/directory.ts';
import { createBudgetStore } from './budgets/name-store.ts';
import { ALONE, DIRECT_EPOCH, beat, openEpoch, openEpochs, placeOf, type Place } from './epochs/epochs.ts';
import { deliveredCalls } from './epochs/ended-calls.ts';
import type { LimitFigures } from './limits/figures.ts';
import { lockEpoch, type EpochLock } from './epochs/epoch-lock.ts';
import { postedThrough } from './epochs/operator.ts';
import { homeId } from './epochs/home-id.ts';
import type { Admission, Hold, OnEnd } from './events/call.ts';
import { recordUsage, type GivenEvent } from './events/record-usage.ts';
import type { LogFiles } from './log/files.ts';
import { createLimitDirectory, type LimitDirectory } from './limits/directory.ts';
import { LimitGate } from './limits/gate.ts';
import { Limits } from './limits/limits.ts';
import { createLimitStore } from './limits/store.ts';
import { Feeds } from './feeds/feeds.ts';
import { FeedPump } from './feeds/pump.ts';
import { LogWriter, type LogLimits } from './log/writer.ts';
import { realFiles } from './log/files.ts';
import type { AuditPort } from './ports.ts';
import { Poster, type LogPoster, type PosterState } from './poster/supervisor.ts';
import { createPriceBook, type PriceBook } from './prices/book.ts';
import { Slices } from './slices/slices.ts';
import { Standing } from './standing/standing.ts';
import { callsOnBackends, type BackendCall } from './usage/backend-calls.ts';
import { exportUsage, type ExportFile, type ExportQuery } from './usage/export.ts';
import { createWebhooks, type Webhooks } from './webhooks/webhooks.ts';

export interface LedgerOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** TANDEM_HOME: the log lies in its folder `ledger`. */
  readonly home: string;
  /** A call ends only when its event is on disk. */
  readonly strict: boolean;
  readonly audit: AuditPort;
  /** `access.directory`. */
  readonly names: PathNames;
  /** The organisation whose price list serves where others have none. */
  readonly operator: () => string | null;
  readonly logLevel?: string;
  readonly newId?: () => string;
  readonly limits?: Partial<LogLimits>;
  /** Tests plant faults here. */
  readonly files?: LogFiles;
  /** Tests that make no calls spare themselves the process that posts them. */
  readonly poster?: LogPoster;
  /** What webhooks are sealed with and where they may go. Absent: no endpoint is taken, and only public addresses are called. */
  readonly outbound?: { readonly secrets: SecretBox; readonly policy: EgressPolicy; readonly resolve?: Resolve };
}

export interface LedgerStatus {
  /** Age of the oldest record that could be lost with the machine, not with the process. */
  readonly unsyncedAgeMs: number;
  /** Written and not posted. */
  readonly backlogRecords: number;
  readonly backlogBytes: number;
  /** Why new calls are not admitted at the moment; null when they are. */
  readonly refusing: string | null;
  readonly poster: { readonly state: PosterState; readonly reason: string | null; readonly lastPostedAt: string | null; readonly restarts: number; readonly pid: number | null };
  readonly epoch: string;
  readonly calls: { readonly open: number; readonly admitted: number; readonly refused: number; readonly ended: number };
  readonly slices: { readonly count: number; readonly refills: number; readonly callBacks: number };
  /** The same of limits on requests and tokens. */
  readonly limits: { readonly count: number; readonly refills: number; readonly callBacks: number };
}

/** How often the epoch says that it lives. */
const BEAT_MS = 2_000;
/** On a machine that is busy with other things a poster may have to wait long for its turn; within a minute everything must have stopped. */
const POSTER_END_MS = 30_000;
const RECOVERY_WAIT_MS = 30_000;

/** The ledger of one gateway process: the money path of its calls, and the books. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #writer: LogWriter;
  readonly #lock: EpochLock;
  readonly #slices: Slices;
  readonly #directory: BudgetDirectory;
  readonly #limitSlices: Slices;
  readonly #limitDirectory: LimitDirectory;
  readonly #admissions: Admissions;
  readonly #poster: LogPoster;
  readonly #books: Books;
  readonly #stop = new AbortController();
  readonly #homeId: string;
  #beating: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #place: Place = ALONE;
  readonly epochId: string;
  readonly priceBook: PriceBook;
  readonly budgets: Budgets;
  readonly limits: Limits;
  readonly prices: Books['prices'];
  readonly credits: Books['credits'];
  readonly invoices: Books['invoices'];
  readonly bill: Books['bill'];
  readonly webhooks: Webhooks;
  readonly feeds: Feeds;
  readonly feedPump: FeedPump;
  readonly alerts: BudgetAlerts;
  /** Holds and events of what outlives processes. */
  readonly standing: Standing;
  readonly sight: Books['sight'];

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { database, clock, log, home, names, audit, operator } = options;
    const newId = options.newId ?? systemId;
    const ledgerFolder = join(home, 'ledger');
    this.epochId = newId();
    this.#homeId = homeId(ledgerFolder, newId);
    const folder = join(ledgerFolder, this.epochId);
    (options.files ?? realFiles).makeFolder(folder);
    const lock = lockEpoch(folder);
    if (lock === undefined) throw new Error(`the new log folder ${folder} is locked`);
    this.#lock = lock;
    this.#writer = new LogWriter({
      folder, clock, log, strict: options.strict, onWritten: () => this.#poster.written(),
      ...(options.limits ? { limits: options.limits } : {}), ...(options.files ? { files: options.files } : {}),
    });
    this.#poster = options.poster ?? new Poster({
      connection: database.connection, ledgerFolder, home: this.#homeId, epochId: this.epochId, operator, clock, log, logLevel: options.logLevel ?? 'warn',
      position: () => this.#writer.position(), onPosted: (position, record) => this.#writer.posted(position, record),
    });
    this.priceBook = createPriceBook({ database, operator, currencyOf: (id) => names.organisation(id)?.currency });
    const full = new FullWindows();
    const store = createBudgetStore(database, this.epochId, full);
    this.#slices = new Slices({ database, store, channel: 'slices', epochId: this.epochId, clock, log });
    this.#limitSlices = new Slices({ database, store: createLimitStore(database, this.epochId), channel: 'limit_slices', epochId: this.epochId, clock, log });
    const recalled = (slices: Slices) => (changed: ReadonlySet<string> | 'all') => slices.recall((key) => changed === 'all' || changed.has(key.ownerId));
    this.#directory = new BudgetDirectory({ database, log, onChange: recalled(this.#slices) });
    this.#limitDirectory = createLimitDirectory({ database, log, onChange: recalled(this.#limitSlices) });
    this.limits = new Limits({ database, clock, newId, audit, names, directory: this.#limitDirectory });
    this.budgets = new Budgets({ database, clock, newId, audit, names, directory: this.#directory, limits: this.limits });
    const gate = new LimitGate(this.#limitDirectory, this.#limitSlices);
    const { secrets = null, policy = { open: [] }, resolve } = options.outbound ?? {};
    this.webhooks = createWebhooks({ database, clock, log, newId, audit, secrets, policy, ...(resolve && { resolve }) });
    this.feeds = new Feeds({ database, clock, newId, audit, secrets, policy, ...(resolve && { resolve }) });
    this.feedPump = new FeedPump({ database, clock, log, secrets, sender: this.webhooks.sender, operator, spread: Math.random });
    this.alerts = new BudgetAlerts({ database, clock, names, deliveries: this.webhooks.deliveries });
    this.#admissions = new Admissions({
      prices: this.priceBook, scopes: new Scopes({ directory: this.#directory, slices: this.#slices, full, gate, names }), gate, slices: this.#slices, writer: this.#writer, clock, database, names,
    });
    this.standing = new Standing({ database, clock, newId, names, directory: this.#directory, slices: this.#slices, prices: this.priceBook });
    this.#books = createBooks({
      database, clock, log, newId, audit, names, book: this.priceBook, operator,
      moneyPath: { postedThrough, setPrepaid: (tx, organisationId, amount) => this.budgets.setPrepaid(tx, organisationId, amount) },
    });
    this.prices = this.#books.prices;
    this.credits = this.#books.credits;
    this.invoices = this.#books.invoices;
    this.bill = this.#books.bill;
    this.sight = this.#books.sight;
  }

  /** Opens the epoch and starts the poster; what a crash left in this home is posted and freed before it resolves. */
  async start(): Promise<void> {
    const { database, clock, home } = this.#options;
    const atMs = clock.nowMs();
    const host = hostname();
    const common = { host, home: this.#homeId, pid: process.pid, atMs };
    await openEpoch(database, { ...common, id: DIRECT_EPOCH, kind: 'direct', folder: '' });
    await openEpoch(database, { ...common, id: this.epochId, kind: 'log', folder: join(home, 'ledger', this.epochId) });
    this.#place = await placeOf(database, this.epochId, atMs);
    await this.priceBook.start();
    await this.#directory.start();
    await this.#limitDirectory.start();
    await this.#slices.start();
    await this.#limitSlices.start();
    this.#beating = this.#beat();
    const recovered = this.#poster.start();
    const others = (await openEpochs(database, this.#homeId)).filter((id) => id !== this.epochId);
    if (others.length === 0) return;
    const late = new AbortController();
    // A recovery that takes longer goes on beside the serving; until then its slices count as spent.
    await Promise.race([recovered, clock.sleep(RECOVERY_WAIT_MS, late.signal).catch(() => {})]);
    late.abort();
  }

  /** Refuses new calls from now on; those that are running end as ever. */
  stopAdmitting(): void {
    this.#admissions.close('the server is stopping');
  }

  /** Waits for running calls, brings the log to disk and to Postgres, gives slices back, ends the epoch. Each step is bounded. */
  stop(waitForCallsMs = 10_000): Promise<void> {
    this.#stopped ??= this.#stopNow(waitForCallsMs);
    return this.#stopped;
  }

  async #stopNow(waitForCallsMs: number): Promise<void> {
    this.stopAdmitting();
    const late = new AbortController();
    await Promise.race([this.#admissions.empty(), this.#options.clock.sleep(waitForCallsMs, late.signal).catch(() => {})]);
    late.abort();
    this.#stop.abort(new Error('the ledger is closed'));
    await this.#beating;
    await this.sight.errorsWritten();
    await this.#writer.close();
    await this.#slices.stop();
    await this.#limitSlices.stop();
    const posted = await this.#poster.finish(POSTER_END_MS);
    if (!posted) this.#options.log.warn({ epoch: this.epochId }, 'the log was not posted to its end; the next start posts the rest');
    await this.#directory.stop();
    await this.#limitDirectory.stop();
    await this.priceBook.stop();
    await this.webhooks.sender.close();
    this.#lock.release();
  }

  admit(admission: Admission, onEnd?: OnEnd): Promise<Hold> {
    if (!tracing()) return this.#admissions.admit(admission, onEnd);
    return inSpan('tandem.admit', () => ({ 'tandem.call.id': admission.id, 'gen_ai.request.model': admission.resource }), () => this.#admissions.admit(admission, onEnd));
  }

  /** Takes one request from the limits of a caller, for what is free of charge. */
  countRequest(request: Omit<Admission, 'worst'>): Promise<LimitFigures | null> {
    return this.#admissions.countRequest(request);
  }

  /** Of this process among all gateways that share the database, as of its last beat, seconds ago. */
  place(): Place {
    return this.#place;
  }

  /** Which of a gateway's calls were delivered, once its log is posted to the end; null: not known yet. */
  delivered(epochId: string, organisationId: string, callIds: readonly string[]): Promise<ReadonlySet<string> | null> {
    return deliveredCalls(this.#options.database, epochId, organisationId, callIds);
  }

  /** What calls of one name had made by backends of the asker's own, admitted within a time or not long before. */
  callsOnBackends(resource: string, backendIds: readonly string[], fromMs: number, untilMs: number): Promise<BackendCall[]> {
    return callsOnBackends(this.#options.database, resource, backendIds, fromMs, untilMs);
  }

  get usage(): { list: Books['usage']['list']; show: Books['usage']['show']; record(principal: Principal, events: readonly GivenEvent[]): Promise<{ recorded: number; repeated: number }>; export(principal: Principal, query: ExportQuery): ExportFile } {
    const { database, clock, names } = this.#options;
    const reader = this.#books.usage;
    return {
      list: (principal, query) => reader.list(principal, query),
      show: (principal, id) => reader.show(principal, id),
      export: (principal, query) => exportUsage(database, principal, query),
      record: (principal, events) => recordUsage({ database, clock, newId: this.#options.newId ?? systemId, prices: this.priceBook, names }, principal, events),
    };
  }

  overview(principal: Principal): ReturnType<Books['overview']> {
    return this.#books.overview(principal);
  }

  status(): LedgerStatus {
    const { state, reason, lastPostedAtMs, pid } = this.#poster.state();
    const { slices } = this.#slices.totals();
    const limited = this.#limitSlices.totals();
    return {
      unsyncedAgeMs: this.#writer.unsyncedAgeMs(), backlogRecords: this.#writer.backlogRecords(), backlogBytes: this.#writer.backlogBytes(),
      refusing: this.#admissions.refusal(),
      poster: { state, reason, lastPostedAt: lastPostedAtMs === null ? null : new Date(lastPostedAtMs).toISOString(), restarts: this.#poster.restarts, pid },
      epoch: this.epochId,
      calls: { open: this.#admissions.open, ...this.#admissions.counts },
      slices: { count: slices, refills: this.#slices.refills, callBacks: this.#slices.callBacks },
      limits: { count: limited.slices, refills: this.#limitSlices.refills, callBacks: this.#limitSlices.callBacks },
    };
  }

  async #beat(): Promise<void> {
    const { database, clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(BEAT_MS, signal).catch(() => {});
      if (signal.aborted) return;
      this.#poster.beat();
      try {
        const nowMs = clock.nowMs();
        const lives = await beat(database, this.epochId, nowMs);
        this.#place = await placeOf(database, this.epochId, nowMs);
        if (!lives) {
          log.error({ epoch: this.epochId }, 'this process was declared dead and its slices were freed; it admits no more calls');
          this.#admissions.close('this process was declared dead by an operator; start it again');
        }
      } catch {
        // Contact with Postgres is judged by `staleForMs`.
      }
    }
  }
}
