import type { ConfigBody } from '../commands/config.ts';
import { readDeployments, TIERS, type Deployment, type Note } from './deployments.ts';
import { isRecord, numberIn, textIn, type Fields } from './fields.ts';
import { buildBackends } from './backends.ts';
import { readCredentials } from './credentials.ts';
import { weightsOf } from './weights.ts';

export interface Converted {
  readonly config: ConfigBody;
  /** What each line of the file became, or why it became nothing. */
  readonly notes: readonly Note[];
}

type Model = NonNullable<ConfigBody['models']>[number];
type Price = NonNullable<ConfigBody['prices']>[number];

const GOALS: Readonly<Record<string, Model['goal']>> = {
  'simple-shuffle': 'weights', 'least-busy': 'least-busy', 'latency-based-routing': 'fastest', 'cost-based-routing': 'cheapest', 'usage-based-routing': 'least-busy', 'usage-based-routing-v2': 'least-busy',
};
/** Settings that are read here; all others are named as left out. */
const ROUTER_READ = new Set(['routing_strategy', 'num_retries', 'timeout', 'stream_timeout', 'fallbacks', 'default_fallbacks', 'model_group_alias']);
const LITELLM_READ = new Set(['num_retries', 'request_timeout', 'fallbacks', 'default_fallbacks', 'max_budget', 'budget_duration']);
const SECTIONS = new Set(['model_list', 'credential_list', 'router_settings', 'litellm_settings', 'general_settings', 'environment_variables']);
const SECTIONS_NOT: Readonly<Record<string, string>> = {
  include: 'other files are not read: import each of them', guardrails: 'an address of your own may be asked about requests and replies: tandem hooks add', callback_settings: 'metrics and traces are at /metrics and by OpenTelemetry',
  mcp_servers: 'tools are called by the caller', vector_store_registry: 'there is no search in documents here', search_tools: 'tools are called by the caller', prompts: 'prompts are the caller\'s', files_settings: 'files are kept here', finetune_settings: 'nothing is trained here',
};
const WHY_NOT: Readonly<Record<string, string>> = {
  allowed_fails: 'each target has a circuit breaker of its own', cooldown_time: 'a breaker stays open longer each time, and a key rests as long as its backend says',
  context_window_fallbacks: 'a call that does not fit is refused by name', content_policy_fallbacks: 'a refusal is an answer, and is passed on', master_key: 'keys are made here: tandem keys create NAME',
  database_url: 'keys, teams and spend of LiteLLM\'s database do not move with this file', drop_params: 'what a backend cannot carry is refused or declared as a loss', cache: 'the response cache is switched on per key',
  callbacks: 'metrics and traces are at /metrics and by OpenTelemetry', success_callback: 'metrics and traces are at /metrics and by OpenTelemetry', failure_callback: 'metrics and traces are at /metrics and by OpenTelemetry',
  set_verbose: 'the log\'s level is TANDEM_LOG', redis_host: 'processes share limits over Postgres', redis_port: 'processes share limits over Postgres', redis_password: 'processes share limits over Postgres',
};

/**
 * LiteLLM's `config.yaml` as a configuration of this house. Its form: docs.litellm.ai/docs/proxy/configs and /config_settings (2026-10).
 * Pure: secrets that the file names by `os.environ/NAME` stay names.
 */
export function convertLitellm(file: unknown): Converted {
  if (!isRecord(file)) return { config: {}, notes: [{ place: 'the file', became: null, why: 'it is not a mapping' }] };
  const notes: Note[] = [];
  const router = sectionOf(file, 'router_settings');
  const settings = sectionOf(file, 'litellm_settings');
  const { deployments, notes: read } = readDeployments(file['model_list'], readCredentials(file['credential_list']));
  notes.push(...read);
  const { backends, nameOf, notes: joined } = buildBackends(deployments);
  notes.push(...joined);

  const strategy = textIn(router, 'routing_strategy');
  const goal = strategy === undefined ? 'weights' : GOALS[strategy];
  if (strategy !== undefined) notes.push({ place: 'router_settings.routing_strategy', became: goal ? `the goal ${goal} of each name` : null, why: goal ? (strategy.startsWith('usage') ? 'by calls that run, not by tokens of the minute' : null) : 'there is no such goal here' });
  const limits = limitsOf(router, settings, notes);

  const groups = Map.groupBy(deployments, ({ name }) => name);
  const targetsOf = (name: string, order: number) => {
    const own = groups.get(name) ?? [];
    const weights = weightsOf(own);
    return own.map((deployment, index) => ({ backend: nameOf(deployment), ...deployment.target, weight: weights[index]!, order: deployment.order + order }));
  };
  const fallbacks = fallbacksOf(router, settings);
  for (const [name, others] of fallbacks) {
    for (const one of [...(name === '*' ? [] : [name]), ...others]) if (!groups.has(one)) notes.push({ place: `fallbacks of ${name}: ${one}`, became: null, why: 'no model of that name was taken over' });
  }
  const models = [...groups.keys()].map((name): Model => {
    const others = (fallbacks.get(name) ?? fallbacks.get('*') ?? []).filter((other) => other !== name && groups.has(other));
    // A fallback comes after every target of the name itself, whatever order they have among themselves.
    const behind = 1 + Math.max(0, ...(groups.get(name) ?? []).map(({ order }) => order));
    if (others.length > 0) notes.push({ place: `fallbacks of ${name}`, became: `targets of ${name} with a later order`, why: 'they are charged at the price of the name that was called' });
    const targets = [...targetsOf(name, 0), ...others.flatMap((other, at) => targetsOf(other, behind + 10 * at))].slice(0, 100).map((target) => ({ ...target, order: Math.min(100, target.order) }));
    return { name, goal: goal ?? 'weights', ...(Object.keys(limits).length > 0 && { limits }), targets };
  });
  for (const [alias, name] of Object.entries(isRecord(router['model_group_alias']) ? router['model_group_alias'] : {})) {
    const model = models.find((one) => one.name === (isRecord(name) ? textIn(name, 'model') : name));
    if (model) models.push({ ...model, name: alias });
    notes.push({ place: `router_settings.model_group_alias.${alias}`, became: model ? `the name ${alias}` : null, why: model ? null : 'the file has no such model' });
  }
  const prices = pricesOf(deployments, nameOf, notes);
  const budgets = budgetsOf(settings, notes);
  for (const [section, fields, known] of [['router_settings', router, ROUTER_READ], ['litellm_settings', settings, LITELLM_READ], ['general_settings', sectionOf(file, 'general_settings'), new Set<string>()]] as const) {
    for (const field of Object.keys(fields)) if (!known.has(field)) notes.push({ place: `${section}.${field}`, became: null, why: WHY_NOT[field] ?? 'there is nothing like it here' });
  }
  for (const field of Object.keys(file)) if (!SECTIONS.has(field)) notes.push({ place: field, became: null, why: SECTIONS_NOT[field] ?? 'there is nothing like it here' });
  for (const name of Object.keys(sectionOf(file, 'environment_variables'))) notes.push({ place: `environment_variables.${name}`, became: null, why: 'set it where tandem apply runs, if a key is named by it' });
  return { config: { backends, models, ...(prices.length > 0 && { prices }), ...(budgets.length > 0 && { budgets }) }, notes };
}

function limitsOf(router: Fields, settings: Fields, notes: Note[]): NonNullable<Model['limits']> {
  const retries = numberIn(router, 'num_retries') ?? numberIn(settings, 'num_retries');
  const whole = numberIn(router, 'timeout') ?? numberIn(settings, 'request_timeout');
  const first = numberIn(router, 'stream_timeout');
  if (retries !== undefined) notes.push({ place: 'num_retries', became: `${Math.min(10, retries + 1)} attempts at most, fallbacks included`, why: null });
  if (whole !== undefined) notes.push({ place: 'timeout', became: `${whole} s for the whole reply`, why: null });
  if (first !== undefined) notes.push({ place: 'router_settings.stream_timeout', became: `${first} s to the first token`, why: null });
  return { ...(retries !== undefined && { attempts: Math.min(10, retries + 1) }), ...(whole !== undefined && whole > 0 && { wholeSeconds: Math.min(86_400, whole) }), ...(first !== undefined && first > 0 && { firstTokenSeconds: Math.min(86_400, first) }) };
}

/** By name; `*`: of every name without its own. */
function fallbacksOf(router: Fields, settings: Fields): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
  for (const section of [settings, router]) {
    for (const entry of Array.isArray(section['fallbacks']) ? section['fallbacks'] : []) {
      if (isRecord(entry)) for (const [name, others] of Object.entries(entry)) found.set(name, texts(others));
    }
    const all = texts(section['default_fallbacks']);
    if (all.length > 0) found.set('*', all);
  }
  return found;
}

/** The file knows what a call costs and charges the same; here these are two prices. */
function pricesOf(deployments: readonly Deployment[], nameOf: (deployment: Deployment) => string, notes: Note[]): Price[] {
  const prices = new Map<string, Price>();
  for (const deployment of deployments) {
    const { name, buckets, tiers } = deployment;
    if (!buckets) continue;
    const [costOf, source] = [nameOf(deployment), 'LiteLLM config.yaml'];
    prices.set(`${name} ${costOf}`, { model: name, costOf, buckets, source });
    if (!prices.has(name)) {
      prices.set(name, { model: name, buckets, source });
      notes.push({ place: `costs of ${name}`, became: 'its cost on that backend, and what callers pay', why: 'LiteLLM charges what it pays; set another price where you do not' });
      for (const tier of TIERS) {
        const own = tiers[tier];
        if (own === undefined) continue;
        prices.set(`${name} (${tier})`, { model: name, tier, buckets: own, source });
        notes.push({ place: `costs of ${name} on ${tier}`, became: `what callers pay on ${tier}`, why: 'no tier is passed on to a backend, so its cost there stays the one without a tier' });
      }
    }
  }
  for (const name of new Set(deployments.map((one) => one.name))) {
    if (!prices.has(name)) notes.push({ place: `costs of ${name}`, became: null, why: `the file has none, and a call without a price is refused: tandem prices set ${name} …, or tandem prices import model_prices.json` });
  }
  return [...prices.values()];
}

function budgetsOf(settings: Fields, notes: Note[]): NonNullable<ConfigBody['budgets']> {
  const amount = numberIn(settings, 'max_budget');
  if (amount === undefined) return [];
  if (amount > 1e12) {
    notes.push({ place: 'litellm_settings.max_budget', became: null, why: 'it is larger than any budget here' });
    return [];
  }
  const duration = textIn(settings, 'budget_duration');
  const period = duration === '1d' || duration === '24h' ? 'day' : duration === '30d' || duration === '1mo' ? 'month' : 'total';
  notes.push({ place: 'litellm_settings.max_budget', became: `the organisation's budget, ${period === 'total' ? 'in total' : `a ${period}`}`, why: duration !== undefined && period === 'total' ? `there is no period of ${duration}` : period === 'month' ? 'of the calendar' : null });
  return [{ scope: 'organisation', period, amount: amount.toFixed(2) }];
}

function sectionOf(file: Fields, name: string): Fields {
  const section = file[name];
  return isRecord(section) ? section : {};
}
