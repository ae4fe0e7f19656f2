import { TandemError } from '../../base/index.ts';
import type { FleetDoor, GatewayDoor, RecordingsDoor, RootsDoor, ScreensDoor, TerminalsDoor, LedgerDoor, ModelsDoor } from '../faces.ts';
import { echoModels } from './shell.ts';

const nothing = async () => ({ items: [], nextCursor: null });
const absent = async (): Promise<never> => { throw new TandemError('resource_not_found', { params: { kind: 'thing', id: 'x', verb: 'things' } }); };

/** A fake of `ledger` that owns nothing: for tests of the surface alone. */
export const emptyLedger: LedgerDoor = {
  prices: { list: nothing, create: absent, import: absent },
  budgets: { list: nothing, create: absent, update: absent, remove: absent, ofKeys: async () => new Map() },
  usage: { list: nothing, show: absent, record: async (_principal, events) => ({ recorded: events.length, repeated: 0 }), export: () => ({ type: 'text/csv', name: 'usage.csv', chunks: (async function* () {})() }) },
  feeds: { list: nothing, create: absent, update: absent, rotate: absent, remove: absent },
  bill: { show: absent, verify: absent },
  invoices: { list: nothing, show: absent, close: absent, adjust: absent },
  credits: { list: nothing, create: absent },
  limits: { list: nothing, create: absent, update: absent, remove: absent },
  webhooks: { endpoints: { list: nothing, create: absent, rotate: absent, remove: absent, deliveries: absent } },
  sight: { requests: async () => ({ items: [], nextCursor: null, lookedBackTo: null }), request: absent, errors: absent, latency: absent, spend: absent, noteError: () => {} },
  overview: absent,
  status: () => ({ unsyncedAgeMs: 0, backlogRecords: 0, backlogBytes: 0, refusing: null }),
};

/** A fake of `models` without aliases of its own. */
export const emptyModels: ModelsDoor = {
  ...echoModels,
  feedback: { ...echoModels.feedback, summary: nothing },
  training: { page: nothing },
  contributions: { figures: absent, losses: { all: {} } },
  hooks: { list: nothing, create: absent, update: absent, rotate: absent, test: absent, failures: absent, remove: absent },
  kept: nothing,
  purge: absent,
  routeFigures: () => ({ targets: [], keys: [] }),
  configuration: { show: absent, plan: absent, apply: absent },
  servings: { list: nothing, create: absent, show: absent, output: absent, scale: absent, stop: absent },
  aliases: { list: nothing, show: absent, create: absent, update: absent, remove: absent },
  backends: { list: nothing, create: absent, update: absent, remove: absent, setKey: absent, removeKey: absent, check: absent },
};

/** A fake of `fleet` without machines. */
export const emptyFleet: FleetDoor = {
  nodes: { list: nothing, show: absent, approve: absent, wish: absent, remove: absent, doctor: absent },
  enrolments: { create: absent },
  releaseNode: absent,
  volumes: { contents: absent, keep: absent, letGo: absent, list: nothing, extend: absent, remove: absent },
  wipes: { ofLease: absent, ofNode: absent, keys: async () => ({ keys: [] }) },
  pools: { list: nothing, create: absent, update: absent, remove: absent },
  operatorMinutes: { show: absent },
  quotas: { list: nothing, set: absent, remove: absent },
  leases: { quote: absent, create: absent, list: nothing, show: absent, logs: absent, extend: absent, handOver: absent, end: absent },
  providers: { orders: { providers: nothing, check: absent, orphans: nothing, list: nothing, create: absent, createSeveral: absent, planGpus: absent, adopt: absent, show: absent, release: absent, reinstall: absent, enter: absent } },
};

/** A fake of the way into leases: there are none. */
export const emptyGateway: GatewayDoor = { pass: absent, enter: absent };
export const emptyScreens: ScreensDoor = { ticket: absent, open: absent };
export const emptyTerminals: TerminalsDoor = { ticket: absent, admit: absent, open: absent };
export const emptyRoots: RootsDoor = { show: absent, replace: absent, retire: absent };
export const emptyRecordings: RecordingsDoor = { list: absent, watch: absent, remove: absent };
