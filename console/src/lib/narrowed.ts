/** What spend is narrowed to, as the address keeps it: `model:muse-spark,user:u-1`, values percent-encoded. */
export type Narrowed = readonly (readonly [dimension: string, value: string])[];

export function readNarrowed(text: string | undefined): Narrowed {
  return (text ?? '').split(',').flatMap((part) => {
    const [dimension = '', value] = part.split(':');
    if (dimension === '' || value === undefined) return [];
    try {
      return [[dimension, decodeURIComponent(value)] as const];
    } catch {
      return [];
    }
  });
}

export function writeNarrowed(narrowed: Narrowed): string {
  return narrowed.map(([dimension, value]) => `${dimension}:${encodeURIComponent(value)}`).join(',');
}

/** With this value of the dimension instead of what it was narrowed to before; undefined takes the dimension out. */
export function narrow(narrowed: Narrowed, dimension: string, value: string | undefined): Narrowed {
  return [...narrowed.filter(([name]) => name !== dimension), ...(value === undefined ? [] : [[dimension, value] as const])];
}
