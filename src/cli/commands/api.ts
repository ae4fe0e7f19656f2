import { usageError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { readInput } from '../context.ts';

export const api: Run = async (context, { args, options }) => {
  const method = args[0]!.toUpperCase();
  const path = args[1]!;
  if (!['GET', 'POST', 'PATCH', 'DELETE'].includes(method)) throw usageError(`${args[0]} is not a method.`, 'Use GET, POST, PATCH or DELETE: tandem api GET /api/overview');
  if (!/^\/(api|v1)\//.test(path)) throw usageError(`${path} is not a route.`, 'Routes begin with /api/ or /v1/; docs/reference/openapi.json has them all.');
  let body: unknown;
  if (typeof options['data'] === 'string') {
    try {
      body = JSON.parse(options['data'] === '-' ? await readInput(context, '-') : options['data']);
    } catch {
      throw usageError('--data is not JSON.', 'Quote it for the shell: --data \'{"name":"app"}\'');
    }
  }
  const reply = await context.client().raw(method, path, body);
  if (reply !== undefined) context.out.write(`${JSON.stringify(reply, null, 2)}\n`);
};
