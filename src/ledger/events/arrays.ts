/**
 * Array literals of Postgres, made by hand: a batch is thousands of rows and two dozen columns, and the
 * driver's own conversion of nested values takes longer than the insert.
 */

/** Of values that need no quotes: ids, whole numbers, times in ISO form, hex. Null stays null. */
export function plainArray(values: readonly (string | number | bigint | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : value)).join(',')}}`;
}

/** Of any text. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`)).join(',')}}`;
}

/** Of byte strings, in Postgres' hex form. */
export function bytesArray(values: readonly Buffer[]): string {
  return `{${values.map((value) => `"\\\\x${value.toString('hex')}"`).join(',')}}`;
}
