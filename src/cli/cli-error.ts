import { EXIT } from './exit.ts';

/** An error of the CLI itself or of the API, as people and `--json` get it. */
export class CliError extends Error {
  readonly code: string;
  readonly next: string;
  readonly exitCode: number;
  readonly facts: unknown;
  /** What the server answered with; undefined: it is no answer of a server. */
  readonly status: number | undefined;

  constructor(code: string, message: string, next: string, exitCode: number = EXIT.error, facts?: unknown, status?: number) {
    super(message);
    this.name = 'CliError';
    this.code = code;
    this.next = next;
    this.exitCode = exitCode;
    this.facts = facts;
    this.status = status;
  }
}

/** A word of the command line that cannot be right: exit code 2. */
export function usageError(message: string, next: string): CliError {
  return new CliError('usage', message, next, EXIT.usage);
}
