/** What machines, kept volumes and the operator's people are priced by; everything else is a model's name. */
const TIME = /^(?:gpu|mac|node|volume|operator)\//;

/**
 * How many calls of models so many usage events of a resource are: none, where they are of machines' time. A lease's minutes are events of
 * the books as a call is, and would be counted as calls otherwise.
 */
export function callsOf(resource: string, events: bigint | string): string {
  return TIME.test(resource) ? '0' : String(events);
}
