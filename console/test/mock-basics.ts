/** The time that the pages believe it is in tests and screenshots. */
export const NOW = Date.parse('2026-11-23T14:20:00Z');

let counter = 0;
/** Ids in the form of UUIDv7, the same in every run. */
export function id(): string {
  counter += 1;
  return `01938f2a-7c00-7${counter.toString(16).padStart(3, '0')}-8a3d-${(counter * 7919).toString(16).padStart(12, '0')}`;
}

/** Ids begin anew: for a world that is made again. */
export function resetIds(): void {
  counter = 0;
}
