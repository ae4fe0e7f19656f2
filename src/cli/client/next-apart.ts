import { ERRORS, type ErrorEntry } from '../../base/index.ts';
import { CliError } from '../cli-error.ts';

/** Next steps that are commands here where the API names a route or a field. */
const AS_COMMAND: Readonly<Record<string, string>> = {
  invalid_api_key: 'Use a valid key: tandem login --url URL --key-file FILE',
  model_not_found: 'See which there are: tandem models',
  budget_exceeded: 'Ask for less with --max-tokens N, or look at the budgets: tandem budgets',
};

/**
 * OpenAI's envelope has no place for a next step, so the model API ends its message with it. Here it
 * is taken apart again, by the list of errors; an error of another server stays as it is.
 */
export function nextApart(error: CliError): CliError {
  const listed = (ERRORS as Readonly<Record<string, ErrorEntry | undefined>>)[error.code];
  const begin = listed?.next.split('{')[0] ?? '';
  const at = begin === '' ? -1 : error.message.lastIndexOf(begin);
  if (at <= 0) return error;
  return new CliError(error.code, error.message.slice(0, at).trimEnd(), AS_COMMAND[error.code] ?? error.message.slice(at), error.exitCode, error.facts);
}
