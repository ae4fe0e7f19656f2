/** Sums of samples by name, whatever their labels: one replica serves one model. Lines that are no samples are left out. */
export function readSamples(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{.*\})? ([^ ]+)(?: -?\d+)?$/.exec(line.trimEnd());
    const value = match === null ? Number.NaN : Number(match[2]);
    if (match !== null && Number.isFinite(value)) found.set(match[1]!, (found.get(match[1]!) ?? 0) + value);
  }
  return found;
}

/** The first of these names that is there; null: none is. */
export function sampleOf(samples: ReadonlyMap<string, number>, ...names: readonly string[]): number | null {
  for (const name of names) {
    const value = samples.get(name);
    if (value !== undefined) return value;
  }
  return null;
}
