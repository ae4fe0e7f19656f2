import type { BodyOf, PathsWith, ReplyOf } from '../src/api/client.ts';

export interface Incoming<B> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: B;
}
/** What answers each operation; the compiler holds every reply to the generated schema. */
export type Handlers =
  { [P in PathsWith<'get'> as `GET ${P}`]?: (call: Incoming<undefined>) => ReplyOf<P, 'get'> }
  & { [P in PathsWith<'post'> as `POST ${P}`]?: (call: Incoming<BodyOf<P, 'post'>>) => ReplyOf<P, 'post'> }
  & { [P in PathsWith<'patch'> as `PATCH ${P}`]?: (call: Incoming<BodyOf<P, 'patch'>>) => ReplyOf<P, 'patch'> }
  & { [P in PathsWith<'delete'> as `DELETE ${P}`]?: (call: Incoming<undefined>) => ReplyOf<P, 'delete'> };

export class Refusal extends Error {
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string; readonly next: string; readonly param?: string };

  constructor(status: number, error: { code: string; message: string; next: string; param?: string }) {
    super(error.message);
    this.status = status;
    this.error = error;
  }
}

export const found = <T extends { id: string }>(items: readonly T[], wanted: string | undefined): T => {
  const item = items.find((one) => one.id === wanted);
  if (!item) throw new Refusal(404, { code: 'resource_not_found', message: `There is no such thing here.`, next: 'List what exists.' });
  return item;
};
export const all = <T>(items: readonly T[]): { items: T[]; nextCursor: null } => ({ items: [...items], nextCursor: null });
