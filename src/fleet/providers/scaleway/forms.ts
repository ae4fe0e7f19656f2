import { z } from 'zod';

/*
 * The parts of Scaleway's answers that are read here, by the types and the marshalling of @scaleway/sdk-applesilicon 1.5.0
 * (v1alpha1). Enumerations stay open: a word that is not known yet is shown, not refused.
 */
const text = z.string();

export const server = z.object({
  id: text, type: text, name: text, ip: text.nullish(), ssh_username: text.nullish(), sudo_password: text.nullish(),
  status: text, created_at: text.nullish(), deletable_at: text.nullish(), deletion_scheduled: z.boolean().nullish(), delivered: z.boolean().nullish(),
});
export const serverList = z.object({ total_count: z.number().int().min(0), servers: z.array(server) });

const serverType = z.object({
  name: text, stock: text, minimum_lease_duration: text.nullish(),
  cpu: z.object({ name: text, core_count: z.number() }).nullish(), memory: z.object({ capacity: z.number() }).nullish(), disk: z.object({ capacity: z.number() }).nullish(),
});
export const serverTypes = z.object({ server_types: z.array(serverType) });

/** By `dist/scw/errors` of @scaleway/sdk-client 2.3.1: `type` says what it is; only some of them are told apart. */
export const failure = z.object({ type: text.optional(), message: text.optional() });

export type ScalewayServer = z.infer<typeof server>;
export type ScalewayServerType = z.infer<typeof serverType>;
