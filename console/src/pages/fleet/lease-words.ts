import { count, plural, relativeTime } from '../../lib/format.ts';
import { shortMoney } from '../../lib/money.ts';
import { LEASE_STATE } from './states.ts';
import type { Lease } from './states.ts';

/** What is leased: "2 h100-80gb". */
export const whatText = ({ count: howMany, resource }: Lease): string => `${howMany === 1 ? '' : `${count(howMany)} × `}${resource}`;

/** What a lease may use of one machine, what it reaches, and what of it the machine could not do. Undefined: it has not said. */
export function boundsText({ bounds }: Lease['machines'][number]): { use: string; reach: string; unbound: string[] } | undefined {
  if (bounds === null) return undefined;
  const { limits: { cpuMillis, memoryBytes, processes, diskBytes }, network, unbound } = bounds;
  const parts = [
    cpuMillis === null ? undefined : `${(cpuMillis / 1_000).toFixed(1).replace(/\.0$/, '')} cores`, memoryBytes === null ? undefined : `${sizeText(memoryBytes)} of memory`,
    processes === null ? undefined : plural(processes, 'process', 'processes'), diskBytes === null ? undefined : `${sizeText(diskBytes)} of disk`,
  ].filter((part) => part !== undefined);
  return { use: parts.length === 0 ? 'all of the machine' : parts.join(', '), reach: network === 'internet' ? 'the internet' : 'itself alone', unbound: unbound.map(({ what, why }) => `${what}: ${why}`) };
}

const sizeText = (bytes: number): string => (bytes < 1e9 ? `${count(Math.round(bytes / 1e6))} MB` : bytes < 1e12 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e12).toFixed(2)} TB`);

/** Why a lease waits, on whom, and until about when. */
export function waitText(lease: Lease, nameOf: (id: string) => string | undefined, now: number): string | undefined {
  if (lease.wait === null) return undefined;
  const holders = lease.wait.holders.map((id) => nameOf(id) ?? id.slice(0, 8));
  const held = holders.length === 0 ? '' : `; ${holders.slice(0, 3).join(', ')}${holders.length > 3 ? ` and ${plural(holders.length - 3, 'other')}` : ''} ${holders.length === 1 ? 'has' : 'have'} it`;
  const until = lease.wait.forecastAt === null ? '; nothing says until when' : `; about ${relativeTime(lease.wait.forecastAt, now)}`;
  return `${lease.reason ?? lease.wait.code.replaceAll('-', ' ')}${held}${until}`;
}

/** The state of a lease and what follows from it, in a sentence. */
export function leaseLead(lease: Lease, nameOf: (id: string) => string | undefined, now: number): string {
  const { name, cost } = lease;
  const spent = `has cost ${shortMoney(cost.soFar, cost.currency)}`;
  const because = lease.reason === null ? '' : `: ${lease.reason}`;
  if (lease.state === 'waiting') return `${name} waits: ${waitText(lease, nameOf, now) ?? lease.reason ?? 'nothing is free yet'}.`;
  if (lease.state === 'reserved') return `${name} begins ${lease.startsAt === null ? 'later' : relativeTime(lease.startsAt, now)}; nothing is paid until then${lease.reason === null ? '' : `. Just now: ${waitText(lease, nameOf, now) ?? lease.reason}`}.`;
  if (lease.state === 'granting') return `${name} is being started${because}.`;
  if (lease.state === 'running' && lease.moneyShort) return `${name} ends ${lease.paidUntil === null ? 'soon' : relativeTime(lease.paidUntil, now)}: no more money could be set aside.`;
  if (lease.state === 'running') return `${name} runs${lease.endsAt === null ? ' until it is ended' : ` and ends ${relativeTime(lease.endsAt, now)}`}; it ${spent}${lease.reason === null ? '' : `. Just now ${lease.reason}`}.`;
  if (lease.state === 'ended') return `${name} has ended${because}; it cost ${shortMoney(cost.soFar, cost.currency)}.`;
  return `${name} is ${LEASE_STATE[lease.state].word.toLowerCase()}${because}; it ${spent}.`;
}

/** What is lost when a lease ends. */
export function lossText(lease: Lease): string {
  const machines = lease.machines.length === 1 ? 'its machine is' : 'its machines are';
  if (lease.machines.length === 0) return 'It has no machine yet: nothing is lost, and it no longer waits.';
  return `Sessions and screens are cut within seconds, what runs is ended, and ${machines} wiped: every file in it is lost. Copy what you need first. This cannot be undone.`;
}
