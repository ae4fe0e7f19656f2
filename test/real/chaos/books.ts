import type { LeaseSeen } from './tenants.ts';

/** What is said to have happened to a lease. */
export interface LeaseHappening {
  readonly at: string;
  readonly kind: string;
}

export interface LeaseCharge {
  readonly charge: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Picodollars for 60 minutes of one GPU or machine. */
export type HourPrice = (resource: string) => bigint;

const MINUTE = 60_000;

/**
 * What a lease must cost, by a way of our own: started minutes from its start to its end, but not those that the server was told it could not
 * reach a machine in. Nothing of the fleet's own arithmetic is used. Returns what is wrong with what was charged.
 */
export function wrongBill(lease: LeaseSeen, happenings: readonly LeaseHappening[], charges: readonly LeaseCharge[], hourPrice: HourPrice): string[] {
  const wrong: string[] = [];
  const say = (text: string): void => void wrong.push(`lease ${lease.id} (${lease.resource}, ${lease.count}): ${text}`);
  const charged = charges.reduce((sum, { charge }) => sum + BigInt(charge), 0n);
  if (lease.startedAt === null || lease.stoppedAt === null) {
    if (charged !== 0n) say(`it never ran and is charged ${charged}`);
    return wrong;
  }
  const [start, stop] = [Date.parse(lease.startedAt), Date.parse(lease.stoppedAt)];
  const started = Math.max(0, Math.ceil((stop - start) / MINUTE));
  const away = outages(happenings);
  let paid = 0;
  for (let minute = 0; minute < started; minute += 1) {
    const [from, to] = [start + minute * MINUTE, start + (minute + 1) * MINUTE];
    if (!away.some((outage) => outage.from < to && outage.to > from)) paid += 1;
  }
  const minutesOf = (name: string): number => charges.reduce((sum, { attributes }) => sum + Number(attributes[name]), 0);
  if (minutesOf('minutes') !== started) say(`${started} minutes were begun, and ${minutesOf('minutes')} are in the books`);
  if (minutesOf('paid') !== paid) say(`${paid} minutes are to be paid, and ${minutesOf('paid')} are`);
  if (lease.minutes.paid !== paid || lease.minutes.outOfReach !== started - paid) say(`it says ${lease.minutes.paid} paid and ${lease.minutes.outOfReach} out of reach, and it was ${paid} and ${started - paid}`);
  if (String(charged) !== lease.cost.booked) say(`it says ${lease.cost.booked}, and its events come to ${charged}`);
  // Each event is rounded once, to half a picodollar at most.
  const exact = BigInt(paid) * BigInt(lease.count) * hourPrice(lease.resource);
  const off = charged * 60n - exact;
  if ((off < 0n ? -off : off) > 30n * BigInt(Math.max(1, charges.length))) say(`${paid} minutes come to ${exact / 60n} picodollars, and ${charged} is charged`);
  return wrong;
}

function outages(happenings: readonly LeaseHappening[]): { readonly from: number; to: number }[] {
  const found: { readonly from: number; to: number }[] = [];
  for (const { kind, at } of happenings.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    if (kind === 'away') found.push({ from: Date.parse(at), to: Number.POSITIVE_INFINITY });
    else if (kind === 'stopped-by-itself') stoppedAt(found, Date.parse(at));
    else if (kind === 'back' && found.length > 0) found.at(-1)!.to = Date.parse(at);
  }
  return found;
}

/** Started again by its machine: that minute, and those up to it where it had just come back from something else. */
function stoppedAt(found: { readonly from: number; to: number }[], at: number): void {
  const last = found.at(-1);
  if (last !== undefined && at - last.to < MINUTE) last.to = Math.max(last.to, at);
  else found.push({ from: at, to: at });
}
