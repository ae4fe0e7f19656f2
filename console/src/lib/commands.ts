/**
 * The line in a terminal that does what a button does. `console/test/commands.test.ts` reads every
 * one of them with the CLI's own command tree, so that none names a verb or option that is not there.
 */
const CLI = './tandem';

/** Quotes a word for a POSIX shell where it needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words as they are, options with their value; an option without a value is left out. */
function line(verb: string, words: readonly string[] = [], options: Readonly<Record<string, string | true | undefined>> = {}): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== '');
  return [CLI, verb, ...words.map((word) => shellWord(word)), ...given.map(([name, value]) => (value === true ? `--${name}` : `--${name} ${shellWord(value ?? '')}`))].join(' ');
}

/** A length of time as a person would type it: 90m, 2h, 3d. */
function length(minutes: number): string {
  return minutes % 1_440 === 0 ? `${minutes / 1_440}d` : minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** A word that a person has yet to give. */
const or = (word: string, place: string): string => (word.trim() === '' ? place : word.trim());

/** Any route of the control API, for what has no verb of its own. */
export function apiCall(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): string {
  return line('api', [method, path], { data: body === undefined ? undefined : JSON.stringify(body) });
}

type Period = 'day' | 'month' | 'total';
export interface KeyWishes {
  readonly budget?: string;
  readonly period?: Period;
  readonly role?: string;
  readonly models?: readonly string[] | null;
  readonly project?: string | undefined;
  readonly expires?: string;
}

export interface LeaseWishes {
  readonly gpus: number;
  readonly gpu: string;
  readonly slice: string;
  readonly macClass: string;
  readonly xcode: string;
  readonly machines: number;
  readonly pool: string;
  readonly access: string;
  /** Null: until it is ended. */
  readonly minutes: number | null;
  readonly atMost: string;
  readonly project: string;
  readonly name: string;
  readonly record?: boolean;
  readonly volume?: string;
  /** What a job runs, with the names of its variables: their values stand nowhere. */
  readonly job?: { readonly command: readonly string[]; readonly env: readonly string[]; readonly keepOpen: boolean } | null;
}

/** @param counting `together`, `each user` or `one user`, and so on; `name` is of the one. */
function countedBy(counting: string, name: string): Readonly<Record<string, string>> {
  const [how, kind = ''] = counting.split(' ');
  return how === 'each' ? { each: kind } : how === 'one' ? { [kind]: or(name, 'NAME') } : {};
}

export const commands = {
  login: line('login'),
  doctor: line('doctor'),
  chat: (text: string, model?: string) => line('chat', [text], { model }),
  models: line('models'),
  backends: line('backends'),
  members: line('members'),
  projects: line('projects'),
  feedback: line('feedback'),
  feedbackExport: line('feedback export', ['training.jsonl']),
  projectAttempts: (project: string, on: boolean) => line('projects attempts', [project, on ? 'on' : 'off']),
  projectStore: (project: string, on: boolean) => line('projects store', [project, on ? 'on' : 'off']),
  consentGive: (project: string, version: string) => line('projects consent give', [project], { text: version }),
  consentWithdraw: (project: string) => line('projects consent withdraw', [project]),
  hooks: line('hooks'),
  hookAdd: (name: string, url: string, wishes: { stage: string; deadlineMs: string; onFailure: string; project?: string | undefined }) => line('hooks add', [or(name, 'NAME'), or(url, 'URL')], {
    stage: wishes.stage === 'request' ? undefined : wishes.stage, deadline: wishes.deadlineMs === '1000' ? undefined : wishes.deadlineMs.trim(), 'on-failure': wishes.onFailure === 'closed' ? undefined : wishes.onFailure, project: wishes.project,
  }),
  hookTest: (id: string) => line('hooks test', [id]),
  hookFailures: (id: string) => line('hooks failures', [id]),
  hookRotate: (id: string) => line('hooks rotate', [id]),
  hookRemove: (id: string) => line('hooks remove', [id]),
  webhooks: line('webhooks'),
  webhookAdd: (url: string, events: readonly string[] = ['budget.alert']) => line('webhooks add', [or(url, 'URL')], { events: events.join() === 'budget.alert' ? undefined : events.join(',') }),
  webhookDeliveries: (id: string) => line('webhooks deliveries', [id]),
  webhookRotate: (id: string) => line('webhooks rotate', [id]),
  webhookRemove: (id: string) => line('webhooks remove', [id]),
  feeds: line('feeds'),
  feedAdd: (url: string, wishes: { format: string; customer: string; from: string }) => line('feeds add', [or(url, 'URL')], { format: wishes.format === 'tandem' ? undefined : wishes.format, customer: wishes.customer.trim(), from: wishes.from }),
  feedPause: (id: string) => line('feeds pause', [id]),
  feedResume: (id: string) => line('feeds resume', [id]),
  feedReplay: (id: string, from: string) => line('feeds replay', [id], { from: or(from, 'DATE') }),
  feedRotate: (id: string) => line('feeds rotate', [id]),
  feedRemove: (id: string) => line('feeds remove', [id]),
  nodes: line('node list'),
  nodeAdd: (name: string, pool: string) => line('node add', [], { name: name.trim(), pool: pool.trim() === 'default' ? undefined : pool.trim() }),
  nodeApprove: (name: string) => line('node approve', [name]),
  wipeVerify: (file: string) => line('wipe verify', [file]),
  nodeWipes: (name: string) => line('node wipes', [name]),
  nodeDoctor: (name: string) => line('node doctor', [name]),
  nodeSteer: (verb: 'cordon' | 'uncordon' | 'drain' | 'maintain' | 'remove', name: string, wishes: { reason?: string; grace?: string } = {}) => line(`node ${verb}`, [name], { reason: wishes.reason?.trim(), grace: wishes.grace }),
  servings: line('gpu list'),
  servingAsk: line('gpu serve', ['tandem/local'], { as: 'fleet/local', cpu: true }),
  servingShow: (name: string) => line('gpu show', [name]),
  servingScale: (name: string, min: number, max: number) => line('gpu scale', [name], { min: String(min), max: String(max) }),
  servingStop: (name: string) => line('gpu stop', [name]),
  quotas: line('quotas'),
  quotaSet: (scope: string, wishes: { machines: string; gpus: string; leases: string; spend: string }) => line('quotas set', [scope], { machines: wishes.machines.trim(), gpus: wishes.gpus.trim(), leases: wishes.leases.trim(), spend: wishes.spend.trim() }),
  quotaRemove: (id: string) => line('quotas remove', [id]),
  poolSet: (name: string, terms: Readonly<Record<string, string | undefined>>) => line('pools set', [or(name, 'POOL')], terms),
  volumes: line('volumes'),
  volumeExtend: (name: string, days: string) => line('volumes extend', [name, or(days, 'DAYS')]),
  volumeDelete: (name: string) => line('volumes delete', [name]),
  operatorMinutes: line('operator-minutes'),
  providers: line('providers'),
  orders: line('orders'),
  orderShow: (id: string) => line('orders show', [id]),
  orderCreate: (provider: string, offer: string, atMost: string, pool: string) => line('orders create', [or(provider, 'PROVIDER'), or(offer, 'OFFER')], { 'at-most': or(atMost, 'AMOUNT'), ...(pool.trim() === '' ? { 'by-hand': true as const } : { pool: pool.trim() === 'default' ? undefined : pool.trim() }) }),
  orderAdopt: (provider: string, machine: string) => line('orders adopt', [or(provider, 'PROVIDER'), or(machine, 'MACHINE')], { 'at-most': 'AMOUNT' }),
  orderRelease: (id: string) => line('orders release', [id]),
  orderReinstall: (id: string) => line('orders reinstall', [id]),
  leases: line('leases'),
  leaseShow: (id: string) => line('leases show', [id]),
  leaseLogs: (id: string) => line('leases logs', [id, '--follow']),
  leaseExtend: (id: string, minutes: number | undefined, atMost: string) => line('leases extend', [id, minutes === undefined ? 'TIME' : length(minutes)], { 'at-most': atMost.trim() }),
  leaseHandOver: (id: string, project: string | undefined) => line('leases hand-over', [id, project ?? 'PROJECT']),
  leaseEnd: (id: string, keep = '') => line('leases end', [id], { keep: keep === '' ? undefined : keep }),
  leaseKeep: (id: string, name: string) => line('leases keep', [id, name]),
  leaseWipe: (id: string) => line('leases wipe', [id]),
  leaseAsk: (kind: 'gpu' | 'mac', wishes: LeaseWishes) => `${line(`${kind} lease`, [], {
    ...(kind === 'gpu' ? { gpus: wishes.gpus === 1 ? undefined : String(wishes.gpus), gpu: wishes.gpu, slice: wishes.slice } : { class: wishes.macClass, xcode: wishes.xcode }),
    machines: wishes.machines === 1 ? undefined : String(wishes.machines), pool: wishes.pool, access: wishes.access === 'shell' || wishes.access === 'job' ? undefined : wishes.access,
    ...(wishes.minutes === null ? { open: true as const } : { for: length(wishes.minutes) }), 'at-most': wishes.atMost, project: wishes.project, name: wishes.name, volume: wishes.volume, record: wishes.record === true ? true : undefined, 'keep-open': wishes.job?.keepOpen === true ? true : undefined,
  })}${(wishes.job?.env ?? []).map((name) => ` --env ${name}`).join('')}${wishes.job ? ` -- ${wishes.job.command.map(shellWord).join(' ')}` : ''}`,
  leaseRecordings: (id: string) => line('leases recordings', [id]),
  leaseRecord: line('gpu lease', [], { record: true as const }),
  ssh: (lease: string) => line('ssh', [lease]),
  screen: (lease: string) => line('screen', [lease]),
  budgets: line('budgets'),
  limits: line('limits'),
  invoices: line('bill invoices'),
  credits: line('bill credits'),
  modelAdd: (name: string, backend: string, model: string, most: string) => line('models add', [or(name, 'NAME')], { backend: or(backend, 'BACKEND'), model: or(model, 'MODEL'), 'max-output-tokens': most }),
  modelShow: (name: string) => line('models show', [name]),
  modelSet: (name: string, targets: readonly { backend: string; model: string; weight: number; order: number; region: string | null }[], wishes: { goal: string; regions: readonly string[]; attempts: string; share: string }) => line('models set', [name, ...targets.map(({ backend, model, weight, order, region }) => `${or(backend, 'BACKEND')}=${or(model, 'MODEL')},weight=${weight}${order === 0 ? '' : `,order=${order}`}${region === null ? '' : `,region=${region}`}`)], {
    goal: wishes.goal, regions: wishes.regions.join(','), attempts: wishes.attempts, 'hedge-share': wishes.share,
  }),
  plan: line('plan', ['tandem.config.json']),
  backendKeys: (name: string) => line('backends keys', [name]),
  modelRemove: (name: string) => line('models remove', [name]),
  backendAdd: (name: string, url: string, withKey: boolean, kind?: string) => line('backends add', [or(name, 'NAME')], { url: or(url, 'URL'), kind: kind === 'openai-compatible' ? undefined : kind, 'key-file': withKey ? 'key.txt' : undefined }),
  backendCheck: (name: string) => line('backends check', [name]),
  backendRemove: (name: string) => line('backends remove', [name]),
  keys: line('keys'),
  keyCreate: (name: string, wishes: KeyWishes = {}) => line('keys create', [or(name, 'NAME')], {
    budget: wishes.budget?.trim(), period: wishes.budget?.trim() && wishes.period !== 'month' ? wishes.period : undefined, role: wishes.role === 'developer' ? undefined : wishes.role,
    models: wishes.models?.join(','), project: wishes.project, expires: wishes.expires,
  }),
  keyRotate: (id: string, overlapSeconds: string) => line('keys rotate', [id], { overlap: `${Number(overlapSeconds) / 3600}h` }),
  keyRevoke: (id: string) => line('keys revoke', [id]),
  bill: (month?: string) => line('bill', [], { month }),
  requests: (filter: Readonly<Record<string, string | undefined>> = {}) => line('requests', [], filter),
  request: (id: string) => line('requests show', [id]),
  latency: (filter: Readonly<Record<string, string | undefined>> = {}) => line('latency', [], filter),
  spend: (filter: Readonly<Record<string, string | undefined>> = {}) => line('spend', [], filter),
  billVerify: line('bill', [], { verify: true }),
  billClose: (month: string) => line('bill close', [or(month, 'MONTH')]),
  // A negative amount would read as an option: it stands behind the two dashes.
  billAdjust: (invoice: string, amount: string, reason: string) => `${line('bill adjust', [invoice], { reason: or(reason, 'REASON') })} -- ${shellWord(or(amount, 'AMOUNT'))}`,
  billCredit: (amount: string, wishes: { grant: boolean; expires: string; reason: string }) => line('bill credit', [or(amount, 'AMOUNT')], { grant: wishes.grant || undefined, expires: wishes.expires, reason: or(wishes.reason, 'REASON') }),
  budgetSet: (scope: { kind: 'organisation' | 'project' | 'key'; name: string }, amount: string, period: Period, wishes: { alert?: string | undefined; counting?: string; name?: string } = {}) =>
    line('budgets set', [scope.kind === 'organisation' ? 'organisation' : `${scope.kind}:${scope.name}`, or(amount, 'AMOUNT')], { period: period === 'month' ? undefined : period, alert: wishes.alert, ...countedBy(wishes.counting ?? 'together', wishes.name ?? '') }),
  budgetRemove: (id: string) => line('budgets remove', [id]),
  limitSet: (scope: { kind: 'organisation' | 'project' | 'key'; name: string }, amount: string, metric: string, counting: string, name: string) =>
    line('limits set', [scope.kind === 'organisation' ? 'organisation' : `${scope.kind}:${scope.name}`, or(amount, 'AMOUNT'), metric], countedBy(counting, name)),
  limitRemove: (id: string) => line('limits remove', [id]),
  prices: line('prices'),
  priceSet: (model: string, wishes: { input?: string; cached?: string; output?: string; tier: string; source: string }) => line('prices set', [or(model, 'MODEL')], {
    input: wishes.input, cached: wishes.cached, output: wishes.output, tier: wishes.tier === 'standard' ? undefined : wishes.tier, source: or(wishes.source, 'set in the console'),
  }),
  projectCreate: (name: string) => line('projects create', [or(name, 'NAME')]),
  memberInvite: (email: string, role: string) => line('members invite', [or(email, 'EMAIL')], { role: role === 'developer' ? undefined : role }),
  memberRemove: (email: string) => line('members remove', [email]),
  trail: line('trail'),
  trailVerify: line('trail', [], { verify: true }),
};

/** The curl line of a chat completion, as a program elsewhere would send it. The key is named, never written. */
export function chatCurl(body: Readonly<Record<string, unknown>>): string {
  return `curl ${location.origin}/v1/chat/completions \\\n  -H "authorization: Bearer $TANDEM_KEY" \\\n  -H 'content-type: application/json' \\\n  -d ${shellWord(JSON.stringify(body))}`;
}
