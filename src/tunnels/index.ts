export { Tunnels, createTunnels, type TunnelsOptions } from './tunnels.ts';
export { Authorities } from './ca/authorities.ts';
export { Roots } from './ca/roots.ts';
export { Recordings } from './recordings/recordings.ts';
export type { LeaseDoor, LeaseEntry } from './ports.ts';
export type { SshPass } from './ssh/gateway.ts';
