import { isTandemError } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import { noteLease, type LeaseContext } from './context.ts';
import { overAtMs } from './lease.ts';
import { AHEAD_MS, type LeaseMoney } from './money.ts';
import { leaseOf, type LeaseRow, type StoredLease } from './rows.ts';

/** Minutes before a lease's end at which its people are told. */
export const NOTICES = [1_440, 60, 10] as const;
/** Stands among the notices that were given for: nobody uses it. */
const IDLE = -1;
const MINUTE = 60_000;

/** What a running lease needs by itself as time goes by: outages noted, hours charged, money set aside, people told. */
export class Upkeep {
  readonly #context: LeaseContext;
  readonly #money: LeaseMoney;

  constructor(context: LeaseContext, money: LeaseMoney) {
    this.#context = context;
    this.#money = money;
  }

  async look(stored: StoredLease, nowMs: number): Promise<void> {
    const { row } = stored;
    if (row.started_at === null || row.stopped_at !== null) return;
    await this.#noteReach(stored, nowMs);
    if (nowMs - row.started_at.getTime() >= (row.wall_minutes + 60) * MINUTE) await this.#change(row, (tx, current) => this.#money.bill(tx, current, Math.min(nowMs, this.#overMs(stored, nowMs)), false));
    await this.#setAside(stored, nowMs);
    await this.#tell(stored, nowMs);
  }

  /** Minutes in which one of its machines is out of reach, or one of its cards broken, are not paid. */
  async #noteReach({ row, machines }: StoredLease, nowMs: number): Promise<void> {
    const away = machines.filter(({ machine_id }) => !this.#context.driver.reaches(machine_id));
    const broken = machines.some(({ card_broken }) => card_broken);
    const open = row.outages.at(-1)?.untilMs === null;
    if (open === (away.length > 0 || broken)) return;
    await this.#change(row, async (tx, current) => {
      const outages = open ? current.outages.map((one) => (one.untilMs === null ? { ...one, untilMs: nowMs } : one)) : [...current.outages, { fromMs: nowMs, untilMs: null }];
      await this.#own(tx, row).set({ outages: JSON.stringify(outages) }).where('id', '=', row.id).execute();
      // What it was told may have been lost with the machine's boot: it is told again, which changes nothing where it was not.
      if (open) await this.#context.database.scoped(row.organisation_id, tx).updateTable('lease_machines').set({ granted_until: null }).where('lease_id', '=', row.id).where('stage', '=', 'granted').execute();
      await noteLease(this.#context, tx, row, open ? 'back' : 'away', open ? 'its machines are in reach again, and its cards work' : `${away.length > 0 ? 'a machine is out of reach' : 'a card is broken or gone'}: these minutes are not paid`);
    });
  }

  async #setAside(stored: StoredLease, nowMs: number): Promise<void> {
    const { row } = stored;
    const lease = leaseOf(stored, nowMs);
    const wantedMs = Math.min(lease.endsAtMs ?? Number.POSITIVE_INFINITY, nowMs + AHEAD_MS);
    // An hour at a time: less would be a write for each minute.
    const enough = lease.paidUntilMs! >= wantedMs || (row.minutes !== null && row.held_minutes >= row.minutes) || (lease.paidUntilMs! >= nowMs + AHEAD_MS - 60 * MINUTE);
    if (enough || row.wanted === 'end') return;
    try {
      // Hour by hour, each by itself: where there is money for one, that one is set aside.
      for (let paidUntilMs = lease.paidUntilMs!; paidUntilMs < wantedMs; paidUntilMs += 60 * MINUTE) {
        await this.#change(row, async (tx, current) => {
          await this.#money.holdUntil(tx, current, row.started_at!.getTime(), paidUntilMs, Math.min(wantedMs, paidUntilMs + 60 * MINUTE));
          if (current.money_short) await this.#own(tx, row).set({ money_short: false }).where('id', '=', row.id).execute();
        });
      }
    } catch (error) {
      if (!isTandemError(error, 'budget_short')) throw error;
      const budgetId = error.facts?.['budgetId'];
      if (typeof budgetId === 'string' && budgetId !== '') await this.#context.standing.callBack(budgetId);
      if (row.money_short) return;
      await this.#change(row, async (tx) => {
        await this.#own(tx, row).set({ money_short: true }).where('id', '=', row.id).execute();
        await noteLease(this.#context, tx, row, 'money-short', `it is paid until ${new Date(lease.paidUntilMs!).toISOString()}: ${error.message}`);
      });
    }
  }

  /** Before its end, and when nobody uses it. */
  async #tell(stored: StoredLease, nowMs: number): Promise<void> {
    const { row } = stored;
    // What is paid moves on by itself: it is an end only where no more money could be set aside.
    const overMs = row.money_short ? this.#overMs(stored, nowMs) : (row.ends_at?.getTime() ?? Number.POSITIVE_INFINITY);
    const leftMs = overMs - nowMs;
    // A lease that is shorter than a notice is not told of it at its start.
    const due = NOTICES.filter((minutes) => leftMs <= minutes * MINUTE && overMs - row.started_at!.getTime() > minutes * MINUTE);
    const kept = row.noticed.filter((minutes) => minutes === IDLE || due.some((one) => one === minutes));
    const fresh = due.filter((minutes) => !row.noticed.includes(minutes));
    const idle = row.idle_minutes !== null && nowMs - (row.used_at ?? row.started_at!).getTime() >= row.idle_minutes * MINUTE;
    const idleNews = idle && !row.noticed.includes(IDLE);
    if (fresh.length === 0 && !idleNews && kept.length === row.noticed.length) return;
    await this.#change(row, async (tx) => {
      await this.#own(tx, row).set({ noticed: JSON.stringify([...(idle ? kept : kept.filter((one) => one !== IDLE)), ...fresh, ...(idleNews ? [IDLE] : [])]) }).where('id', '=', row.id).execute();
      if (fresh.length > 0) await this.#notice(tx, row, 'ends', Math.min(...fresh), overMs, leftMs);
      if (idleNews) await this.#notice(tx, row, 'idle', row.idle_minutes!, overMs, leftMs);
    });
  }

  async #notice(tx: Executor, row: LeaseRow, about: 'ends' | 'idle', minutes: number, overMs: number, leftMs: number): Promise<void> {
    const endsAt = Number.isFinite(overMs) ? new Date(overMs).toISOString() : null;
    const words = about === 'idle' ? `nobody has used it for ${minutes} minutes` : `it ends in ${Math.ceil(leftMs / MINUTE)} minutes, at ${endsAt}${row.money_short ? ', since no more money could be set aside' : ''}${row.keep_volume_id === null ? `; its home goes with it, unless it is kept: tandem leases keep ${row.id} NAME` : ''}`;
    await noteLease(this.#context, tx, row, about === 'idle' ? 'idle' : 'notice', words);
    await this.#context.deliveries?.enqueue(tx, row.organisation_id, 'lease.notice', `${row.id} ${about} ${minutes} ${about === 'idle' ? row.used_at?.toISOString() : endsAt}`, {
      leaseId: row.id, name: row.name, projectId: row.project_id, about, endsAt, minutesLeft: endsAt === null ? null : Math.ceil(leftMs / MINUTE), moneyShort: row.money_short,
    });
  }

  #overMs(stored: StoredLease, nowMs: number): number {
    return overAtMs(leaseOf(stored, nowMs)) ?? Number.POSITIVE_INFINITY;
  }

  /** In a transaction with the lease's row locked, unless it has stopped meanwhile. */
  async #change(row: LeaseRow, work: (tx: Executor, current: LeaseRow) => Promise<unknown>): Promise<void> {
    await this.#context.database.transaction(async (tx) => {
      const current = await this.#context.database.scoped(row.organisation_id, tx).selectFrom('leases').selectAll().where('id', '=', row.id).where('stopped_at', 'is', null).forUpdate().executeTakeFirst();
      if (current !== undefined) await work(tx, current);
    });
  }

  #own(tx: Executor, row: LeaseRow) {
    return this.#context.database.scoped(row.organisation_id, tx).updateTable('leases');
  }
}
