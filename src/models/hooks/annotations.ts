export type Annotations = Readonly<Record<string, string>>;

const HEADER = 'x-tandem-annotations';
/** What fits into one header beside the others of a reply. */
const MOST_CHARACTERS = 2_048;

/** The headers of a reply with what hooks said of it and of its request: JSON in visible ASCII. */
export function annotated(headers: Record<string, string>, annotations: Annotations): Record<string, string> {
  const before = headers[HEADER];
  const all = before === undefined ? annotations : { ...annotations, ...(JSON.parse(before) as Annotations) };
  if (Object.keys(all).length === 0) return headers;
  const text = JSON.stringify(all);
  return { ...headers, [HEADER]: text.length <= MOST_CHARACTERS ? text : '{"annotations":"too_long"}' };
}
