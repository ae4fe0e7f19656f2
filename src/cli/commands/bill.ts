import { CliError, usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { EXIT } from '../exit.ts';
import { print } from '../context.ts';
import { timeArgument } from '../output/duration.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table, type Place } from '../output/table.ts';
import { countText, timeText, wrapped } from '../output/text.ts';

type Bill = Reply<'/api/bill', 'GET'>;
type Verification = Reply<'/api/bill/verify', 'GET'>;

export const bill: Run = async (context, { options }) => {
  const client = context.client();
  if (options['verify'] === true) {
    const report = await client.call('GET', '/api/bill/verify', {});
    print(context, report, verifyText);
    return report.ok ? EXIT.ok : EXIT.error;
  }
  const month = typeof options['month'] === 'string' ? options['month'] : undefined;
  const shown = await client.call('GET', '/api/bill', { query: month === undefined ? {} : { month } });
  print(context, shown, (value) => billText(value, context.out));
  return EXIT.ok;
};

function billText(shown: Bill, place: Place): string {
  const { currency } = shown;
  const head = `${shown.month}: ${moneyText(shown.total, currency)} for ${countText(shown.requests)} ${shown.requests === '1' ? 'call' : 'calls'}${shown.state === 'closed' ? `, closed as invoice ${shown.invoiceNumber}` : ', so far'}.`;
  if (shown.lines.length === 0) return `${head}\nMake the first line: tandem chat "What is the capital of France?"`;
  const quantity = (line: Bill['lines'][number], name: 'input' | 'cache_read' | 'output') => (line.requests === '0' ? '-' : countText(line.quantities[name] ?? '0'));
  const rows = table(shown.lines, [
    { title: 'PROJECT', value: (line) => line.projectName },
    { title: 'KEY', value: (line) => line.keyName ?? '-' },
    { title: 'MODEL', value: (line) => line.resource },
    { title: 'CALLS', align: 'right', value: (line) => (line.requests === '0' ? '-' : countText(line.requests)) },
    { title: 'IN', align: 'right', value: (line) => quantity(line, 'input') },
    { title: 'CACHED', align: 'right', value: (line) => quantity(line, 'cache_read') },
    { title: 'OUT', align: 'right', value: (line) => quantity(line, 'output') },
    { title: 'CHARGE', align: 'right', value: (line) => moneyText(line.charge, currency) },
    // Absent, not unknown, for who may not see what calls cost the operator.
    ...(shown.margin === undefined ? [] : [{ title: 'MARGIN', align: 'right' as const, value: ({ charge, cost }: Bill['lines'][number]) => (cost === null || cost === undefined ? 'unknown' : moneyText(String(BigInt(charge) - BigInt(cost)), currency)) }]),
  ], place);
  if (place.isTTY !== true) return rows;
  return [head, '', rows, '',
    ...(shown.adjustments === '0' ? [] : [`Adjustments: ${moneyText(shown.adjustments, currency)}`]),
    ...(shown.credits.applied === '0' ? [] : [`Credits applied: ${moneyText(shown.credits.applied, currency)}`]),
    ...(shown.machine === undefined || shown.machine === '0' ? [] : [wrapped(`Machines: ${moneyText(shown.machine, currency)} for the calls that leased machines served. That is paid as leases, and in none of these figures.`, place)]),
    wrapped(`Due: ${moneyText(shown.due, currency)}. ${shown.rounding}`, place)].join('\n');
}

function verifyText(report: Verification): string {
  const lines = report.checks.map((check) => `${check.state === 'pass' ? '✓' : '✗'} ${check.title}: ${countText(check.checked)} checked, difference ${check.difference}${check.detail === null ? '' : ` (${check.detail})`}`);
  const lost = report.lostToCrashes.calls === '0' ? [] : [`${countText(report.lostToCrashes.calls)} ${report.lostToCrashes.calls === '1' ? 'call was' : 'calls were'} cut by crashes. ${report.lostToCrashes.note}`];
  return [...lines, ...lost, '', report.ok ? `The bill is exact: difference ${report.difference}.` : `The bill does not hold: difference ${report.difference}. First fault: ${report.firstFault ?? 'see above'}`].join('\n');
}

export const usage: Run = async (context, { options }) => {
  const limit = typeof options['limit'] === 'string' ? Number(options['limit']) : 20;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw usageError('--limit is a whole number from 1 to 500.', 'tandem bill usage --limit 20');
  const { items } = await context.client().call('GET', '/api/usage', { query: { limit } });
  print(context, items, (rows) => (rows.length === 0 ? 'No usage yet. Make some: tandem chat "Hello"' : table(rows, [
    { title: 'TIME', value: (event) => timeText(event.occurredAt) },
    { title: 'ID', value: (event) => event.id },
    { title: 'KEY', value: (event) => event.keyName ?? '-', keep: 'spare' },
    { title: 'WHAT', value: (event) => event.resource },
    { title: 'OUTCOME', value: (event) => event.outcome },
    { title: 'QUANTITIES', value: (event) => Object.entries(event.quantities).map(([name, count]) => `${name} ${count}`).join(', '), keep: 'whole' },
    { title: 'CHARGE', align: 'right', value: (event) => moneyText(event.charge, event.currency) },
  ], context.out)));
};

export const invoices: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/invoices', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No closed months yet.' : table(rows, [
    { title: 'NUMBER', value: (invoice) => invoice.number },
    { title: 'MONTH', value: (invoice) => invoice.month },
    { title: 'TOTAL', align: 'right', value: (invoice) => moneyText(invoice.total, invoice.currency) },
    { title: 'CREDITS', align: 'right', value: (invoice) => moneyText(invoice.credits, invoice.currency) },
    { title: 'ADJUSTED', align: 'right', value: (invoice) => moneyText(invoice.adjustments, invoice.currency) },
    { title: 'DUE', align: 'right', value: (invoice) => moneyText(invoice.due, invoice.currency) },
    { title: 'CLOSED', value: (invoice) => timeText(invoice.closedAt) },
  ], context.out)));
};

export const close: Run = async (context, { args }) => {
  const invoice = await context.client().call('POST', '/api/invoices', { body: { month: args[0]! } });
  print(context, invoice, () => `Closed ${invoice.month} as invoice ${invoice.number}: ${moneyText(invoice.total, invoice.currency)}.`);
};

export const adjust: Run = async (context, { args, options }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/invoices', {});
  const invoice = items.find((one) => one.id === args[0] || one.number === args[0]);
  if (!invoice) throw new CliError('resource_not_found', `There is no invoice ${args[0]}.`, 'List them: tandem bill invoices');
  if (typeof options['reason'] !== 'string') throw usageError('--reason is missing.', 'Say why: --reason "goodwill"');
  const made = await client.call('POST', '/api/invoices/{id}/adjustments', { path: { id: invoice.id }, body: { amount: amountArgument(args[1]!, 'The amount', { below: true }), reason: options['reason'] } });
  print(context, made, () => `Adjusted ${invoice.number} by ${moneyText(made.amount, invoice.currency)}: ${made.reason}.`);
};

export const credits: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/credits', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No credits. Add one: tandem bill credit 100.00 --reason TEXT' : table(rows, [
    { title: 'GRANTED', value: (credit) => timeText(credit.grantedAt) },
    { title: 'KIND', value: (credit) => credit.kind },
    { title: 'AMOUNT', align: 'right', value: (credit) => moneyText(credit.amount, credit.currency) },
    { title: 'LEFT', align: 'right', value: (credit) => moneyText(credit.left, credit.currency) },
    { title: 'EXPIRES', value: (credit) => timeText(credit.expiresAt) },
    { title: 'REASON', value: (credit) => credit.reason },
  ], context.out)));
};

export const credit: Run = async (context, { args, options }) => {
  if (typeof options['reason'] !== 'string') throw usageError('--reason is missing.', 'Say why: --reason "purchase order 17"');
  const { newId } = await import('../../base/index.ts');
  const made = await context.client().call('POST', '/api/credits', {
    body: { id: newId(), kind: options['grant'] === true ? 'grant' : 'prepaid', amount: amountArgument(args[0]!, 'The amount'), reason: options['reason'],
      expiresAt: typeof options['expires'] === 'string' ? timeArgument(options['expires'], context.nowMs(), '--expires') : null },
  });
  print(context, made, () => `Added ${moneyText(made.amount, made.currency)} as ${made.kind === 'grant' ? 'a grant' : 'prepaid credit'}.`);
};
