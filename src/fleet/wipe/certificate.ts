import { createHash } from 'node:crypto';
import type { WipeReport } from '../drivers/driver.ts';
import type { WipeMethod } from './method.ts';

/** Stands in the header of every certificate. */
export const CERTIFICATE_TYPE = 'tandem-wipe+jwt';

/** A wipe that has come to its end, clean or not. */
export interface DoneWipe {
  readonly id: string;
  readonly leaseId: string;
  readonly machineId: string;
  readonly by: WipeMethod['by'];
  readonly report: WipeReport;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

/**
 * What is signed. The lease and the machine stand in it as hashes of their ids: who has an id can compare it, and nobody can tell it from the
 * hash. Of who leased, when and for how long nothing stands in it.
 */
export function claimsOf({ id, leaseId, machineId, by, report, beganAtMs, endedAtMs }: DoneWipe, serverVersion: string): Record<string, unknown> {
  // What was kept, and how much, is the tenant's alone; that something was stands under what was not checked.
  const { clean, method, evidence, unchecked, canaries, versions } = report;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    jti: id, iat: Math.floor(endedAtMs / 1_000), lease: opaque('lease', leaseId), machine: opaque('machine', machineId),
    clean, by, method, beganAt: iso(beganAtMs), endedAt: iso(endedAtMs), evidence, unchecked, canaries, software: { server: serverVersion, ...versions },
  };
}

/** How an id stands in certificates. */
export function opaque(kind: 'lease' | 'machine', id: string): string {
  return createHash('sha256').update(`tandem ${kind} ${id}`).digest('hex');
}
