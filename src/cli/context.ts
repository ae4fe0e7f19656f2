import type { Client } from './client/client.ts';
import { visibleLines } from './output/text.ts';

/** What a command may use of the outside; passed in, so that tests can stand in for a terminal. */
export interface Context {
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Writer;
  /** Messages for people: never parsed, never part of `--json`. */
  readonly err: Writer;
  readonly stdin: AsyncIterable<Buffer | string>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** The API of the configured server with the configured key. @throws CliError when there is none. */
  readonly client: () => Client;
}

export interface Writer {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Prints a value as JSON, or lets the second function print it for people; what names and addresses hold cannot steer their terminal. */
export function print<T>(context: Context, value: T, forPeople: (value: T) => string): void {
  const text = context.json ? jsonText(value) : visibleLines(forPeople(value));
  context.out.write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
}

/** Reads `-` from standard input, anything else as a file. */
export async function readInput(context: Context, path: string): Promise<string> {
  if (path !== '-') {
    const { readFile } = await import('node:fs/promises');
    return readFile(path, 'utf8');
  }
  let text = '';
  for await (const chunk of context.stdin) text += chunk.toString();
  return text;
}

/** JSON leaves the control characters above ASCII as they are, which some terminals obey: they are written as escapes. */
function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\x7f-\x9f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
