import type { z } from 'zod';
import type { Permission } from '../../access/index.ts';

/** Who may call a route: a permission of the caller's role, any signed-in caller, or anybody. */
export type RouteAccess = Permission | 'signed-in' | 'public';

/**
 * One operation of the control API. The table of these is the contract: the server refuses what does
 * not fit it, `docs/reference/openapi.json` and the clients of console and CLI are generated from it.
 */
export interface RouteContract {
  /** `noun.verb`, also the OpenAPI operationId. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with `{name}` places, as OpenAPI writes it. */
  readonly path: string;
  readonly summary: string;
  readonly access: RouteAccess;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What a success returns; absent for 204. */
  readonly reply?: z.ZodType;
  readonly status: 200 | 201 | 204;
  /** The reply is a stream of server-sent events; `reply` is the form of one event's data. */
  readonly stream?: true;
  /** The reply is a file, written as it is read: its content types. The handler returns an `ExportFile`. */
  readonly file?: readonly string[];
}

/** Keeps the literal types of a contract so that handlers are checked against it. */
export function route<const C extends RouteContract>(contract: C): C {
  return contract;
}
