const PREFIX = 'tandem1s.';

/** A summary as the opaque text of a `compaction` item. It is the caller's own, so it is not secret here; it only looks like one text. */
export function wrapSummary(text: string): string {
  return PREFIX + Buffer.from(text).toString('base64url');
}

/** Undefined for what was not made here: then only the backend that made it can read it. */
export function unwrapSummary(encrypted: unknown): string | undefined {
  return typeof encrypted === 'string' && encrypted.startsWith(PREFIX) ? Buffer.from(encrypted.slice(PREFIX.length), 'base64url').toString() : undefined;
}

/** How a model is told of what a summary stands for. */
export function summaryText(summary: string): string {
  return `What was said before this point, summed up:\n\n${summary}`;
}
