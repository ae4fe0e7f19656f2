import { isUuid } from '../../base/index.ts';
import type { MachineCall, MachineShare, MachineShares } from '../ports.ts';
import type { ServingContext } from './context.ts';
import type { ReplicaRow } from './rows.ts';

/** A call's part of one minute, and how many tokens that minute had in all. */
export interface MinutePart {
  readonly replicaId: string;
  readonly tokens: bigint;
  readonly minuteTokens: bigint;
  readonly cost: bigint;
}

/** Digits of a minute that are said after the point. */
const MINUTE_DIGITS = 6;

/**
 * What machines cost for calls, from the minutes that are split: of replicas of the asker's own organisation alone, so that a call by one
 * organisation on another's machines says nothing here.
 */
export function machineShares({ database, access }: Pick<ServingContext, 'database' | 'access'>): MachineShares {
  return async (organisationId, call) => {
    const ids = call.tries.map(({ backendId }) => backendId).filter(isUuid);
    if (ids.length === 0) return null;
    const own = database.scoped(organisationId);
    const replicas = await own.selectFrom('serving_replicas').select(['id', 'settled_at']).where('id', 'in', ids).execute();
    if (replicas.length === 0) return null;
    const shares = await own.selectFrom('token_shares').select(['replica_id', 'at', 'tokens', 'cost']).where('event_id', '=', call.id).execute();
    const minutes = shares.length === 0 ? [] : await own.selectFrom('replica_minutes').select(['replica_id', 'at', 'tokens'])
      .where('replica_id', 'in', [...new Set(shares.map(({ replica_id }) => replica_id))]).where('at', 'in', shares.map(({ at }) => at)).execute();
    const all = new Map(minutes.map(({ replica_id, at, tokens }) => [`${replica_id} ${at.getTime()}`, BigInt(tokens)]));
    const parts = shares.map(({ replica_id, at, tokens, cost }): MinutePart => ({ replicaId: replica_id, tokens: BigInt(tokens), minuteTokens: all.get(`${replica_id} ${at.getTime()}`) ?? BigInt(tokens), cost: BigInt(cost) }));
    return machineShare(call, replicas, parts, access.directory.organisation(organisationId)?.currency ?? 'USD');
  };
}

/** Adds up a call's parts. While a try with tokens is in no minute yet, no sum is said: what is not known is not zero, and a part of it is no cost. */
export function machineShare({ tries }: Pick<MachineCall, 'tries'>, replicas: readonly Pick<ReplicaRow, 'id' | 'settled_at'>[], parts: readonly MinutePart[], currency: string): MachineShare {
  const open = replicas.filter(({ id }) => tries.some(({ backendId, tokens }) => backendId === id && tokens > 0n) && !parts.some(({ replicaId }) => replicaId === id));
  if (open.length > 0) return { state: open.some(({ settled_at }) => settled_at !== null) ? 'missed' : 'waiting', minutes: null, cost: null, currency };
  const minutes = parts.reduce((sum, { tokens, minuteTokens }) => sum + Number(tokens) / Number(minuteTokens), 0);
  return { state: 'split', minutes: Number(minutes.toFixed(MINUTE_DIGITS)), cost: String(parts.reduce((sum, { cost }) => sum + cost, 0n)), currency };
}
