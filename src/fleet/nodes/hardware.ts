/** What a person looks at before they approve a node; what changes by itself (temperatures, free space) is left out. */
const FIELDS = ['platform', 'machine', 'cpu', 'memoryBytes', 'gpus', 'apple', 'standIn'] as const;
const GPU_FIELDS = ['uuid', 'name', 'memoryBytes', 'migDevices'] as const;

/** Where what a node says now differs from what was approved: the names of fields. Empty when nothing was approved. */
export function changedHardware(approved: Readonly<Record<string, unknown>> | null, now: Readonly<Record<string, unknown>>): string[] {
  if (approved === null) return [];
  return FIELDS.filter((field) => canonical(partOf(approved, field)) !== canonical(partOf(now, field)));
}

function partOf(inventory: Readonly<Record<string, unknown>>, field: (typeof FIELDS)[number]): unknown {
  const value = inventory[field];
  if (field !== 'gpus' || !Array.isArray(value)) return value ?? null;
  return value.map((gpu: unknown) => GPU_FIELDS.map((name) => (typeof gpu === 'object' && gpu !== null ? ((gpu as Record<string, unknown>)[name] ?? null) : null)));
}

/** The same text for the same value, whatever order its fields came in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    (typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part)) ?? 'null';
}
