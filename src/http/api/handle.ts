import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Principal } from '../../access/index.ts';
import type { RouteContract } from '../contract/index.ts';

type Parsed<S, Absent> = S extends z.ZodType ? z.output<S> : Absent;

type Unchanged<T> = T extends object ? { readonly [K in keyof T]: Unchanged<T[K]> } : T;

/** A file, as it is written. */
export interface FileReply {
  readonly type: string;
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
}

/** What a handler returns: the contract's reply, before its defaults; a file; nothing for 204. */
export type ReplyOf<C extends RouteContract> = C extends { readonly file: readonly string[] } ? FileReply : C extends { readonly reply: infer S extends z.ZodType } ? Unchanged<z.input<S>> : void;

/** What callers send, after the contract's check. */
export type BodyOf<C extends RouteContract> = Parsed<C['body'], undefined>;
export type QueryOf<C extends RouteContract> = Parsed<C['query'], Record<string, never>>;

/** Sets or ends the browser's session with the reply. */
export interface SessionCookie {
  set(token: string, maxAgeSeconds: number): void;
  clear(): void;
}

/** One call of an operation, checked: the caller may do it and the fields fit the contract. */
export interface Call<C extends RouteContract = RouteContract> {
  /** Null only where the contract says `public`. */
  readonly principal: C['access'] extends 'public' ? null : Principal;
  readonly params: Parsed<C['params'], Record<string, never>>;
  readonly query: Parsed<C['query'], Record<string, never>>;
  readonly body: Parsed<C['body'], undefined>;
  readonly requestId: string;
  /** The caller's address, for limits on failed sign-ins. */
  readonly peer: string;
  /** The origin by which the caller reached this server, for links made for it. */
  readonly origin: string;
  readonly cookie: SessionCookie;
  /** Node's request, for the few that need a header of their own. */
  readonly raw: IncomingMessage;
}

/** An operation of the contract and what carries it out. */
export interface Binding {
  readonly contract: RouteContract;
  run(call: Call): Promise<unknown>;
}

/** Binds an operation to its handler; the types of both sides come from the contract. */
export function handle<const C extends RouteContract>(contract: C, run: (call: Call<C>) => Promise<ReplyOf<C>>): Binding {
  // The call is checked against this very contract before `run` sees it.
  return { contract, run: (call) => run(call as unknown as Call<C>) };
}
