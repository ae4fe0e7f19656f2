import { newId } from '../../base/index.ts';
import { usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { durationSeconds, timeArgument } from '../output/duration.ts';
import { amountArgument, moneyText } from '../output/money.ts';

type Plan = Reply<'/api/orders/plan', 'POST'>;

/** So many GPUs in whole machines of whichever account has them cheapest; with `--plan` only what it would be. */
export const order: Run = async (context, { options }) => {
  const client = context.client();
  const text = (name: string): string | null => (typeof options[name] === 'string' ? options[name] : null);
  const gpus = Number(text('gpus') ?? '');
  if (!Number.isInteger(gpus) || gpus < 1) throw usageError('Say how many GPUs: --gpus 64.', 'See what accounts offer: tandem providers check PROVIDER');
  const plan = await client.call('POST', '/api/orders/plan', { body: { gpus, gpu: text('gpu'), provider: text('provider') } });
  if (options['plan'] === true) return print(context, plan, planText);
  const atMost = text('atMost');
  if (atMost === null) throw usageError('An order needs --at-most: what all machines may cost at the provider together.', 'See what it would be: tandem gpu order --gpus 64 --plan');
  const within = text('all');
  const made = await client.call('POST', '/api/orders/several', { body: {
    provider: plan.provider, offer: plan.offer, count: plan.machines, ceiling: amountArgument(atMost, '--at-most'), key: text('key') ?? newId(), neededUntil: text('until') === null ? null : timeArgument(text('until')!, context.nowMs(), '--until'),
    pool: text('pool') ?? 'default', name: text('name'), allWithinMinutes: within === null ? null : Math.max(1, Math.ceil(durationSeconds(within, '--all') / 60)),
  } });
  print(context, made.items, () => `${planText(plan)}\nOrdered. They become nodes of the pool ${text('pool') ?? 'default'} by themselves: tandem orders`);
};

function planText({ provider, offer, about, machines, gpus, available, currency, perHour, atLeast, failed }: Plan): string {
  return [
    `${machines} × ${offer} (${about}) at ${provider}: ${gpus} GPUs, ${moneyText(perHour, currency)} an hour together${atLeast === '0' ? '' : `, ${moneyText(atLeast, currency)} at least`}`,
    ...(available === false ? ['The provider has none of them now: they are ordered again until it has.'] : []),
    ...(failed.length === 0 ? [] : [`Accounts that did not answer: ${failed.join(', ')}`]),
  ].join('\n');
}
