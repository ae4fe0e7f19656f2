/** Whether a row was refused because a unique index holds one like it already (Postgres' unique_violation). @param index its name; left out: any. */
export function isDuplicate(error: unknown, index?: string): boolean {
  return has(error, '23505') && (index === undefined || (error as { readonly constraint?: unknown }).constraint === index);
}

/** Whether a row was refused because what it belongs to is not there (foreign_key_violation). */
export function isOrphan(error: unknown): boolean {
  return has(error, '23503');
}

function has(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
