/**
 * How the first page of help puts the verbs in order: a heading, and each verb with what it and the verbs under it do.
 * A test holds that every verb stands in one group.
 */
export const GROUPS: readonly { readonly heading: string; readonly verbs: Readonly<Record<string, string>> }[] = [
  { heading: 'Start here:', verbs: {
    up: 'Start the server in the foreground',
    login: 'Print a one-time link to the console, or save a server and key',
    chat: 'Ask a model; prints answer, tokens, latency and cost',
    doctor: 'Check every part and name the next step for what fails',
    whoami: 'Show who this key is',
  } },
  { heading: 'Models:', verbs: {
    models: 'List models; add names, targets and routes',
    backends: 'List, add and check backends, and their keys',
    hooks: 'List and set addresses that are asked about calls',
    requests: 'List calls, and show where one spent its time',
    latency: 'Show percentiles of first token, whole reply and tokens per second',
    feedback: 'Show what was said of replies, by scenario',
    content: 'Show how much content is kept, and remove it',
    plan: 'Show what applying a configuration would change, prices included',
    apply: 'Plan, ask, and apply exactly that plan',
    import: 'Move in from another gateway',
    export: 'Write everything as files; no secrets',
  } },
  { heading: 'Machines:', verbs: {
    node: 'List, add, approve, drain and remove machines',
    pools: 'List pools of machines and their use; set their terms',
    gpu: 'Lease and order GPUs; serve models from them',
    mac: 'Lease Macs by the day',
    leases: 'List, extend, keep and end leases',
    ssh: 'Enter a lease, or run a command there',
    screen: 'Say where the screen of a lease is in the browser',
    volumes: 'List homes of leases that are kept',
    wipe: 'Check certificates of wipes',
    providers: 'List accounts at which machines can be ordered, and their offers',
    orders: 'List, make and give back orders of machines at providers',
    quotas: 'List and set quotas of machines, GPUs, leases and spend',
    'operator-minutes': 'Show how long machines waited for a person',
  } },
  { heading: 'Money:', verbs: {
    bill: 'Show a month\'s bill, prove it, close it, adjust it',
    spend: 'Add up what calls cost, by one or two dimensions',
    budgets: 'List and set budgets',
    limits: 'List and set limits on requests, tokens and parallel calls',
    prices: 'List, set and import prices',
    feeds: 'List and set addresses that every usage event is sent to',
  } },
  { heading: 'Access and records:', verbs: {
    keys: 'List, make, rotate and revoke API keys',
    projects: 'List and make projects; their consent and their content',
    members: 'List, invite and remove members',
    webhooks: 'List and set addresses that are told of events',
    trail: 'Show the audit trail, or verify its hash chain',
  } },
  { heading: 'The server\'s state, and programs:', verbs: {
    backup: 'Write the whole state into one file',
    restore: 'Bring the state back from a backup, into an empty home',
    forget: 'Give up the log of a gateway whose disk is gone for good',
    api: 'Call any route of the control API',
    completion: 'Print a completion script for bash, zsh or fish',
  } },
];
