export type { Actor, Principal, Tier } from './principal.ts';
export { PERMISSIONS, ROLES, can, demand, type Permission, type Role } from './roles.ts';
