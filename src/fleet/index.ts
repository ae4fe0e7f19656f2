export { Fleet, createFleet, type FleetOptions } from './fleet.ts';
export type { NewLease } from './leases/leases.ts';
export { wishFaults, type NamedParts } from './leases/one-wish.ts';
export type { LeaseView } from './leases/view.ts';
export type { AgentAddress } from './nodes/enrolment-line.ts';
export type { KnownNode, HealthReport, Presence } from './nodes/presence.ts';
export type { Enrolments, EnrolmentClaim } from './nodes/enrolments.ts';
export type { NodeView } from './nodes/node-view.ts';
export type { NodeCommand, NodeLink, NodeStream, RankLines, RankedLease, WipeSigner } from './ports.ts';
