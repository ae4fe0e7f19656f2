import { ERRORS, type ErrorEntry } from '../../src/base/index.ts';
import { literal, page, table } from './markdown.ts';

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = (Object.entries(ERRORS) as [string, ErrorEntry][]).map(([code, { status, message, next }]) => [`\`${code}\``, String(status), literal(message), literal(next)]);
  return page(
    '# Errors',
    'Every error has a code that stays, a message, and a next step that works. Words in braces are filled in. Programs should look at the code, never at the text.',
    'The control API answers `{"error": {"code", "message", "next", "param"?, "requestId", "facts"?}}`. The model API answers in the envelope of OpenAI, '
      + '`{"error": {"message", "type", "param", "code", "facts"?}}`, with the next step at the end of the message. Every reply carries `x-request-id`; `retry-after` says when trying again makes sense. '
      + 'The CLI prints message and next step on standard error and exits with 4 for status 401, with 2 for bad usage, else with 1.',
    table(['Code', 'Status', 'Message', 'Next step'], rows),
  );
}
