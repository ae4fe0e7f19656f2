import type { Command } from './command.ts';

const from = <M, K extends keyof M>(module: () => Promise<M>, name: K) => async (): Promise<M[K]> => (await module())[name];

const house = () => import('./commands/house.ts');
const login = () => import('./commands/login.ts');
const chat = () => import('./commands/chat.ts');
const models = () => import('./commands/models.ts');
const keys = () => import('./commands/keys.ts');
const bill = () => import('./commands/bill.ts');
const requests = () => import('./commands/requests.ts');
const latency = () => import('./commands/latency.ts');
const spend = () => import('./commands/spend.ts');
const budgets = () => import('./commands/budgets.ts');
const prices = () => import('./commands/prices.ts');
const limits = () => import('./commands/limits.ts');
const usageOut = () => import('./commands/usage-out.ts');
const webhooks = () => import('./commands/webhooks.ts');
const hooks = () => import('./commands/hooks.ts');
const people = () => import('./commands/people.ts');
const consent = () => import('./commands/consent.ts');
const feedback = () => import('./commands/feedback.ts');
const content = () => import('./commands/content.ts');
const api = () => import('./commands/api.ts');
const routes = () => import('./commands/routes.ts');
const config = () => import('./commands/config.ts');
const move = () => import('./commands/move.ts');
const takeOut = () => import('./commands/export.ts');
const leases = () => import('./commands/leases.ts');
const recordings = () => import('./commands/recordings.ts');
const serving = () => import('./commands/serving.ts');
const orders = () => import('./commands/orders.ts');
const gpuOrder = () => import('./commands/gpu-order.ts');
const quotas = () => import('./commands/quotas.ts');
const operator = () => import('./commands/operator-minutes.ts');
const roots = () => import('./commands/roots.ts');
const nodes = () => import('./commands/nodes.ts');
const volumes = () => import('./commands/volumes.ts');
const wipes = () => import('./commands/wipes.ts');
const screen = () => import('./commands/screen.ts');
const leaseJobs = () => import('./commands/lease-jobs.ts');
const ssh = () => import('./commands/ssh.ts');
const completion = () => import('./commands/completion.ts');

const RANGE = [{ form: '--last <time>', about: 'so far back, such as 6h or 30d' }, { form: '--from <time>', about: 'from this time on, such as 2026-11-01' }, { form: '--to <time>', about: 'and before this one' }];
const NARROW = [{ form: '--project <id-or-name>', about: 'of this project' }, { form: '--key <key>', about: 'of this key: its id, name or first characters' }, { form: '--model <name>', about: 'of this model' }, { form: '--backend <id-or-name>', about: 'on this backend' }];
const REASON = [{ form: '--reason <text>', about: 'for those who use it, and for later' }];
const GRACE = [{ form: '--grace <time>', about: 'how long what runs there has before it is ended, such as 2h (default: as long as it was promised)' }];
const LABELS = [{ form: '--tier <tier>', about: 'such as default, priority, flex or contributor' }, { form: '--user <user>', about: 'of this user, as the caller names it' }, { form: '--tag <tag>', about: 'with this tag' }, { form: '--scenario <name>', about: 'of this scenario' }];

const LEASE = [{ form: '--for <time>', about: 'how long, such as 2h or 7d' }, { form: '--open', about: 'until it is ended, or costs what it may at most' }, { form: '--at <time>', about: 'begin then: a date, or a time from now such as 2h' }, { form: '--at-most <amount>', about: 'it ends before it would cost more' },
  { form: '--machines <n>', about: 'machines together, all or none (default: 1)' }, { form: '--pool <pool>', about: 'from this pool (default: the cheapest that fits)' }, { form: '--label <pairs>', about: 'only machines with these labels, such as region=east' },
  { form: '--apart <word>', about: 'on no machine with another lease of the project that has the same word' }, { form: '--spread', about: 'on the emptiest machine instead of the fullest' }, { form: '--access <access>', about: 'api, job, shell or root (default: shell, or job where something is to run)' },
  { form: '--project <id-or-name>', about: 'this project pays' }, { form: '--name <name>', about: 'a name for it' }, { form: '--volume <name>', about: 'its home is this volume, which was kept from a lease before' }, { form: '--key <word>', about: 'asked twice by the same word it is asked once' }, { form: '--record', about: 'record its sessions; they are told' },
  { form: '--env <name=value>', about: 'a variable of the job, kept sealed; NAME alone takes it from here; several times for several', many: true as const }, { form: '--keep-open', about: 'the lease stays when its job has ended' }, { form: '--wait', about: 'print what the job prints until it has ended, and exit with its code' }, { form: '--quote', about: 'say what it would cost and when it would begin, and lease nothing' }];

const JOB = [{ form: '[command...]', about: 'what it runs, once, after --: a program and its words, by no shell. The lease ends with it' }];

const REPLICAS = [{ form: '--min <n>', about: 'replicas at least (default: 0)' }, { form: '--max <n>', about: 'replicas at most (default: 1)' }, { form: '--idle <time>', about: 'without a call for so long it goes down to its least, or never (default: 10m)' }, { form: '--refuse', about: 'a call while no replica answers gets 503 with a time to come back at' }];
const SERVE = [{ form: '--as <name>', about: 'the name that callers write (default: the model\'s)' }, { form: '--engine <engine>', about: 'vllm, llama-cpp or embedded (default: vllm; with --cpu embedded)' }, { form: '--cpu', about: 'on machines without a GPU' }, { form: '--gpus <n>', about: 'GPUs or slices for each replica (default: 1)' }, { form: '--gpu <kind>', about: 'such as h100-80gb' },
  { form: '--memory <gb>', about: 'of each, at least' }, { form: '--slice <profile>', about: 'a hardware slice instead of a GPU, such as 1g.10gb, or any' }, { form: '--pool <pool>', about: 'from this pool (default: the cheapest that fits)' }, ...REPLICAS, { form: '--first-token <ms>', about: 'above it there is one more replica (default: by the queue alone)' },
  { form: '--context <tokens>', about: 'prompt and answer together (default: the model\'s own)' }, { form: '--output <tokens>', about: 'the most that one answer may have (default: 4096)' }, { form: '--parallel <n>', about: 'answers at a time (default: the engine\'s own)' }, { form: '--args <words>', about: 'further words for the engine\'s command line' },
  { form: '--at-most <amount>', about: 'the lease of each replica ends before it costs more' }, { form: '--project <id-or-name>', about: 'this project pays for the machines' }];

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  { path: 'up', about: 'Start the server in the foreground', examples: ['tandem up', 'TANDEM_PORT=4700 tandem up'], load: from(house, 'up') },
  { path: 'backup', about: 'Write the whole state into one file', args: [{ form: '<file>', about: 'the file to write' }], examples: ['tandem backup tandem.backup'], load: from(house, 'backup') },
  { path: 'restore', about: 'Bring the state back from a backup, into an empty home', args: [{ form: '<file>', about: 'a file that backup wrote' }],
    examples: ['TANDEM_HOME=/srv/tandem tandem restore tandem.backup'], load: from(house, 'restore') },
  { path: 'forget', about: 'Give up the log of a gateway whose disk is gone for good', args: [{ form: '<gateway>', about: 'its id, as doctor names it' }],
    examples: ['tandem forget 01900000-0000-7000-8000-000000000000'], load: from(house, 'forget') },
  { path: 'doctor', about: 'Check every part and name the next step for what fails', examples: ['tandem doctor', 'tandem doctor --json'], load: from(house, 'doctor') },

  { path: 'login', about: 'Print a one-time link to the console, or save a server and key for this user',
    options: [{ form: '--url <url>', about: 'the server to use from now on' }, { form: '--key-file <file>', about: 'a file with the key; - reads it from standard input' }],
    examples: ['tandem login', 'tandem login --url https://tandem.example.com --key-file - < key.txt'], load: from(login, 'login') },
  { path: 'whoami', about: 'Show who this key is', examples: ['tandem whoami'], load: from(login, 'whoami') },

  { path: 'chat', about: 'Ask a model; prints answer, tokens, latency and cost', args: [{ form: '<text...>', about: 'the question; - reads it from standard input' }],
    options: [{ form: '-m, --model <name>', about: 'the model (default: tandem/local)' }, { form: '-s, --system <text>', about: 'a system prompt' },
      { form: '--max-tokens <n>', about: 'the longest answer' }, { form: '--temperature <n>', about: '0 to 2' }, { form: '--seed <n>', about: 'the same seed, the same answer' }, { form: '--no-stream', about: 'wait for the whole answer' }],
    examples: ['tandem chat "What is the capital of France?"', 'tandem chat --model muse-spark "Hello"'], load: from(chat, 'chat') },

  { path: 'models', about: 'List models with their backend, health and price', examples: ['tandem models'], load: from(models, 'list') },
  { path: 'models add', about: 'Give a backend\'s model a name', args: [{ form: '<name>', about: 'the name that callers use' }],
    options: [{ form: '--backend <id-or-name>', about: 'the backend' }, { form: '--model <name>', about: 'the model\'s name on the backend' }, { form: '--max-output-tokens <n>', about: 'the output cap where the caller gives none (default: 4096)' }],
    examples: ['tandem models add muse-spark --backend meta --model muse-spark'], load: from(models, 'add') },
  { path: 'models show', about: 'Show how a name finds its target, and how each target is doing', args: [{ form: '<name>', about: 'the model' }], examples: ['tandem models show muse-spark'], load: from(routes, 'show') },
  { path: 'models set', about: 'Give a name several targets, or change how it finds one', args: [{ form: '<name>', about: 'the name that callers use' }, { form: '[targets...]', about: 'all its targets, as BACKEND=MODEL,weight=3,order=1,region=eu,cannot=images' }],
    options: [{ form: '--goal <goal>', about: 'weights, order, cheapest, fastest, least-busy or same-prefix' }, { form: '--regions <names>', about: 'which regions go first, comma-separated' },
      { form: '--attempts <n>', about: 'attempts at most' }, { form: '--head <s>', about: 'seconds to the head of a whole reply' }, { form: '--first-token <s>', about: 'seconds to the first token' }, { form: '--gap <s>', about: 'seconds between two pieces of a stream' }, { form: '--whole <s>', about: 'seconds for the whole reply' },
      { form: '--hedge-share <percent>', about: 'of its spend, how much may go to second attempts that lost; 0 switches them off' }, { form: '--hedge-after <ms>', about: 'when a second attempt starts (default: the usual time to a first token)' }],
    examples: ['tandem models set team/big gpu-1=big-70b,weight=3 gpu-2=big-70b', 'tandem models set team/big --goal cheapest --attempts 4'], load: from(routes, 'set') },
  { path: 'models remove', about: 'Remove a model\'s name', args: [{ form: '<name>', about: 'the model' }], examples: ['tandem models remove muse-spark'], load: from(models, 'remove') },
  { path: 'backends', about: 'List backends', examples: ['tandem backends'], load: from(models, 'backends') },
  { path: 'backends add', about: 'Add a backend; its key is sealed', args: [{ form: '<name>', about: 'a name for it' }],
    options: [{ form: '--kind <kind>', about: 'openai-compatible (default), openai-responses, anthropic, gemini or bedrock' }, { form: '--options <pairs>', about: 'what its kind needs, as region=eu-west-1,…' }, { form: '--url <url>', about: 'its base URL, such as https://api.example.com/v1' }, { form: '--key-file <file>', about: 'a file with its key; - reads it from standard input' }],
    examples: ['tandem backends add meta --url https://api.example.com/v1 --key-file key.txt'], load: from(models, 'backendAdd') },
  { path: 'backends check', about: 'Call a backend once and say what it answers', args: [{ form: '<id-or-name>', about: 'the backend' }], examples: ['tandem backends check meta'], load: from(models, 'backendCheck') },
  { path: 'backends keys', about: 'List a backend\'s keys with their limits and whether they rest', args: [{ form: '<id-or-name>', about: 'the backend' }], examples: ['tandem backends keys meta'], load: from(routes, 'keys') },
  { path: 'backends keys set', about: 'Add a key, replace it, or change its limits', args: [{ form: '<id-or-name>', about: 'the backend' }, { form: '<label>', about: 'a name for the key' }],
    options: [{ form: '--key-file <file>', about: 'a file with the key; - reads it from standard input' }, { form: '--requests <n>', about: 'requests a minute that the backend allows it, or none' },
      { form: '--tokens <n>', about: 'tokens a minute, or none' }, { form: '--parallel <n>', about: 'calls at a time, or none' }],
    examples: ['tandem backends keys set meta second --key-file key-2.txt --requests 600'], load: from(routes, 'keySet') },
  { path: 'backends keys remove', about: 'Remove a key', args: [{ form: '<id-or-name>', about: 'the backend' }, { form: '<label>', about: 'the key' }], examples: ['tandem backends keys remove meta second'], load: from(routes, 'keyRemove') },
  { path: 'backends remove', about: 'Remove a backend that no model uses', args: [{ form: '<id-or-name>', about: 'the backend' }], examples: ['tandem backends remove meta'], load: from(models, 'backendRemove') },

  { path: 'providers', about: 'List accounts at which machines can be ordered', examples: ['tandem providers', 'tandem providers list'], load: from(orders, 'providers') },
  { path: 'providers list', about: 'List accounts at which machines can be ordered', examples: ['tandem providers list'], load: from(orders, 'providers') },
  { path: 'providers check', about: 'Ask an account what it offers', args: [{ form: '<provider>', about: 'its name' }], examples: ['tandem providers check macs-paris'], load: from(orders, 'check') },
  { path: 'orders', about: 'List machines that are ordered at providers', examples: ['tandem orders', 'tandem orders list'], load: from(orders, 'list') },
  { path: 'orders list', about: 'List machines that are ordered at providers', examples: ['tandem orders list'], load: from(orders, 'list') },
  { path: 'orders show', about: 'Show an order: what it waits for, what it costs, when it goes', args: [{ form: '<order>', about: 'its id' }], examples: ['tandem orders show ID'], load: from(orders, 'show') },
  { path: 'orders create', about: 'Order a whole machine', args: [{ form: '<provider>', about: 'the account' }, { form: '<offer>', about: 'the kind of machine' }], options: [{ form: '--at-most <amount>', about: 'what it may cost at the provider in all; needed' }, { form: '--until <time>', about: 'when it is needed no longer, such as 2d' }, { form: '--key <word>', about: 'the same word again is the same order' }, { form: '--pool <name>', about: 'the pool that it becomes a node of by itself (default: default)' }, { form: '--name <name>', about: 'of the node (default: the machine\'s own)' }, { form: '--by-hand', about: 'it does not become a node by itself' }], examples: ['tandem orders create macs-paris M4-M --at-most 20.00'], load: from(orders, 'create') },
  { path: 'orders adopt', about: 'Take a machine that is billed and unknown here into an order', args: [{ form: '<provider>', about: 'the account' }, { form: '<machine>', about: 'its id there' }], options: [{ form: '--at-most <amount>', about: 'what it may cost at the provider in all; needed' }, { form: '--until <time>', about: 'when it is needed no longer, such as 2d' }, { form: '--key <word>', about: 'the same word again is the same order' }, { form: '--pool <name>', about: 'the pool that it becomes a node of by itself (default: it does not)' }, { form: '--name <name>', about: 'of the node (default: the machine\'s own)' }], examples: ['tandem orders adopt macs-paris ID --at-most 20.00'], load: from(orders, 'adopt') },
  { path: 'orders release', about: 'Give a machine back when what is paid for is used', args: [{ form: '<order>', about: 'its id' }], options: [{ form: '--until <time>', about: 'when it is needed no longer (default: now)' }], examples: ['tandem orders release ID'], load: from(orders, 'release') },
  { path: 'orders enter', about: 'Show how to enter a delivered machine for the first time', args: [{ form: '<order>', about: 'its id' }], examples: ['tandem orders enter ID'], load: from(orders, 'enter') },
  { path: 'orders reinstall', about: 'Delete all that is on a machine, and enrol it again', args: [{ form: '<order>', about: 'its id' }], examples: ['tandem orders reinstall ID'], load: from(orders, 'reinstall') },
  { path: 'orders orphans', about: 'List machines that an account is billed for and that no order knows', examples: ['tandem orders orphans'], load: from(orders, 'orphans') },
  { path: 'node', about: 'List machines that run the agent', examples: ['tandem node', 'tandem node list'], load: from(nodes, 'list') },
  { path: 'node list', about: 'List machines that run the agent', examples: ['tandem node list'], load: from(nodes, 'list') },
  { path: 'node add', about: 'Print the line that makes a machine a node: paste it there', options: [{ form: '--name <name>', about: 'a name for it (default: the machine\'s own)' }, { form: '--pool <pool>', about: 'its pool (default: default)' }],
    examples: ['tandem node add', 'tandem node add --name gpu-1 --pool training'], load: from(nodes, 'add') },
  { path: 'node show', about: 'Show a node: what it says it is, its health, what happened to it', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], examples: ['tandem node show gpu-1'], load: from(nodes, 'show') },
  { path: 'node approve', about: 'Say that the machine is what it says it is, so that others\' work may be placed on it', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], examples: ['tandem node approve gpu-1'], load: from(nodes, 'approve') },
  { path: 'node cordon', about: 'Place nothing new on a node; what is there stays', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], options: REASON, examples: ['tandem node cordon gpu-1 --reason "new disk on Friday"'], load: from(nodes, 'cordon') },
  { path: 'node uncordon', about: 'Let a node serve again', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], options: REASON, examples: ['tandem node uncordon gpu-1'], load: from(nodes, 'uncordon') },
  { path: 'node drain', about: 'Let what is on a node end, and place nothing new', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], options: [...REASON, ...GRACE], examples: ['tandem node drain gpu-1 --grace 2h --reason "kernel update"'], load: from(nodes, 'drain') },
  { path: 'node maintain', about: 'Drain a node and keep it out until it is uncordoned', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], options: [...REASON, ...GRACE], examples: ['tandem node maintain gpu-1 --grace 2h'], load: from(nodes, 'maintain') },
  { path: 'node remove', about: 'Remove a node: its identity ends', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], options: [...REASON, ...GRACE], examples: ['tandem node remove gpu-1', 'tandem node remove gpu-1 --grace 1h'], load: from(nodes, 'remove') },
  { path: 'node release', about: 'Let a node out of quarantine after a wipe that was not clean: it is wiped again', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], options: [{ form: '--reason <text>', about: 'what was done about it' }], examples: ['tandem node release gpu-1 --reason "killed what was left"'], load: from(wipes, 'release') },
  { path: 'node wipes', about: 'List what was wiped on a node after leases, and how', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], examples: ['tandem node wipes gpu-1'], load: from(wipes, 'ofNode') },
  { path: 'node roots', about: 'Show the roots by which machines and this server know each other', examples: ['tandem node roots'], load: from(roots, 'list') },
  { path: 'node roots replace', about: 'Make a new root beside the one that is there: machines are told of both', examples: ['tandem node roots replace'], load: from(roots, 'replace') },
  { path: 'node roots retire', about: 'Believe only the newest root from now on', examples: ['tandem node roots retire'], load: from(roots, 'retire') },
  { path: 'node doctor', about: 'Have the agent look at its machine', args: [{ form: '<node>', about: 'its name, its id or the beginning of it' }], examples: ['tandem node doctor gpu-1'], load: from(nodes, 'doctor') },

  { path: 'pools', about: 'List pools of machines, and how much of them is in use', examples: ['tandem pools'], load: from(leases, 'pools') },
  { path: 'pools set', about: 'Set the terms of a pool', args: [{ form: '<pool>', about: 'its name' }], options: [{ form: '--resource <name>', about: 'the price by which its machines are leased (none: by what they are)' }, { form: '--open-to <who>', about: 'own or all' }, { form: '--least-day <whom>', about: 'of a Mac a day is paid at least by others, always or never' }, { form: '--idle <time>', about: 'tell when a lease is unused for so long (never: not at all)' }, { form: '--record <when>', about: 'record the sessions of new leases: always, or when-asked' },
    { form: '--network <what>', about: 'what leases reach: internet or none' }, { form: '--allow <ranges>', about: 'private ranges that they may reach, such as 10.1.0.0/16,10.2.0.5 (none: none)' }, { form: '--resolvers <addresses>', about: 'whom they ask for names (none: whom their machine asks)' }, { form: '--ranks-network <range>', about: 'IPv4 range in which its machines reach each other: those of one job talk directly over it, not encrypted (none: through the server)' },
    { form: '--cpus <n>', about: 'cores for each GPU, slice or whole machine (share: its share of the machine)' }, { form: '--memory-mb <n>', about: 'memory for each' }, { form: '--processes <n>', about: 'processes for each' }, { form: '--disk-mb <n>', about: 'disk for each' }],
    examples: ['tandem pools set macs --open-to all --least-day others --idle 4h', 'tandem pools set gpus --allow 10.1.0.0/16 --cpus 8 --memory-mb 65536'], load: from(leases, 'setPool') },
  { path: 'pools remove', about: 'Remove a pool that nothing is in', args: [{ form: '<pool>', about: 'its name' }], examples: ['tandem pools remove gpsu'], load: from(leases, 'removePool') },
  { path: 'gpu', about: 'List pools of machines, and how much of them is in use', examples: ['tandem gpu'], load: from(leases, 'pools') },
  { path: 'gpu lease', about: 'Lease GPUs: a slice, some, a whole machine or several', args: JOB, options: [{ form: '--gpus <n>', about: 'GPUs or slices on each machine (default: 1)' }, { form: '--gpu <kind>', about: 'such as h100-80gb' }, { form: '--memory <gb>', about: 'of each, at least' }, { form: '--slice <profile>', about: 'a hardware slice instead of a GPU, such as 1g.10gb, or any' }, { form: '--whole', about: 'all GPUs of each machine' }, ...LEASE],
    examples: ['tandem gpu lease --gpus 2 --gpu h100-80gb --for 4h --at-most 20.00', 'tandem gpu lease --whole --machines 4 --for 1d --quote', 'tandem gpu lease --gpus 1 --for 1h --access job --env HF_TOKEN -- python3 train.py', 'tandem gpu lease --whole --machines 4 --for 8h --at-most 900.00 --wait -- torchrun --nproc-per-node 8 train.py'], load: from(leases, 'gpu') },
  { path: 'gpu order', about: 'Order GPUs at providers: as many whole machines as have them, where they are cheapest',
    options: [{ form: '--gpus <n>', about: 'how many together; needed' }, { form: '--gpu <kind>', about: 'a word of the offer, such as h100' }, { form: '--provider <name>', about: 'at this account alone' }, { form: '--at-most <amount>', about: 'what all of them may cost at the provider together; needed' },
      { form: '--plan', about: 'only show what it would be' }, { form: '--all <time>', about: 'all are given back unless all came within, such as 30m (default: as many as come)' }, { form: '--until <time>', about: 'when they are needed no longer, such as 2d' },
      { form: '--pool <name>', about: 'the pool that they become nodes of by themselves (default: default)' }, { form: '--name <name>', about: 'of the nodes, with a number behind it' }, { form: '--key <word>', about: 'the same word again is the same order' }],
    examples: ['tandem gpu order --gpus 64 --gpu h100 --plan', 'tandem gpu order --gpus 64 --gpu h100 --at-most 2000.00 --all 30m --until 12h'], load: from(gpuOrder, 'order') },
  { path: 'gpu serve', about: 'Serve a model from leased machines by a name of the model API', args: [{ form: '<model>', about: 'a path on the machine, a name at a hub, or tandem/local' }], options: SERVE,
    examples: ['tandem gpu serve meta-llama/Llama-3.1-8B-Instruct --as team/llama --gpu h100-80gb --max 4', 'tandem gpu serve tandem/local --as fleet/local --cpu'], load: from(serving, 'serve') },
  { path: 'gpu list', about: 'List models that are served from leased machines', examples: ['tandem gpu list'], load: from(serving, 'list') },
  { path: 'gpu show', about: 'Show a served model: replicas, load, cold starts, price beside cost', args: [{ form: '<name>', about: 'its name or id' }], examples: ['tandem gpu show team/llama'], load: from(serving, 'show') },
  { path: 'gpu logs', about: 'Show what the program of a served model printed last', args: [{ form: '<name>', about: 'its name or id' }], options: [{ form: '--replica <n>', about: 'of this replica (default: the newest that has printed anything)' }], examples: ['tandem gpu logs team/llama'], load: from(serving, 'logs') },
  { path: 'gpu scale', about: 'Change between how many replicas a served model goes', args: [{ form: '<name>', about: 'its name or id' }], options: [...REPLICAS, { form: '--wait', about: 'a call while no replica answers waits for one' }], examples: ['tandem gpu scale team/llama --min 1 --max 8'], load: from(serving, 'scale') },
  { path: 'gpu stop', about: 'Stop serving a model: what runs is finished, then its leases end', args: [{ form: '<name>', about: 'its name or id' }], examples: ['tandem gpu stop team/llama'], load: from(serving, 'stop') },
  { path: 'node lease', about: 'Lease whole machines, without GPUs or with all of theirs', args: JOB, options: LEASE,
    examples: ['tandem node lease --for 2h', 'tandem node lease --pool builders --label arch=arm64 --machines 2 --for 1d --quote'], load: from(leases, 'node') },
  { path: 'mac', about: 'List pools of machines, and how much of them is in use', examples: ['tandem mac'], load: from(leases, 'pools') },
  { path: 'mac lease', about: 'Lease a Mac by the day', args: JOB, options: [{ form: '--class <class>', about: 'such as m4' }, { form: '--xcode <version>', about: 'with this version of Xcode' }, ...LEASE],
    examples: ['tandem mac lease --class m4 --for 3d', 'tandem mac lease --quote'], load: from(leases, 'mac') },
  { path: 'leases', about: 'List leases', options: [{ form: '--all', about: 'ended ones too' }, { form: '--project <id-or-name>', about: 'of this project' }], examples: ['tandem leases'], load: from(leases, 'list') },
  { path: 'leases list', about: 'List leases', options: [{ form: '--all', about: 'ended ones too' }, { form: '--project <id-or-name>', about: 'of this project' }], examples: ['tandem leases list --all'], load: from(leases, 'list') },
  { path: 'leases show', about: 'Show a lease: its state with the reason, its cost, what happened', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], examples: ['tandem leases show LEASE'], load: from(leases, 'show') },
  { path: 'leases logs', about: 'Print what a lease\'s job printed; its last 64 KiB outlive the lease', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], options: [{ form: '--follow', about: 'go on until it has ended' }, { form: '--rank <n>', about: 'of several machines this one alone (default: all, each line with its rank)' }], examples: ['tandem leases logs LEASE', 'tandem leases logs LEASE --follow', 'tandem leases logs LEASE --rank 0'], load: from(leaseJobs, 'logs') },
  { path: 'leases recordings', about: 'List what was recorded of a lease\'s sessions, write one as an asciicast, or remove it', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }, { form: '[recording]', about: 'its id (for --out: the newest that can be played)' }], options: [{ form: '--out <file>', about: 'write it into this file' }, { form: '--remove', about: 'remove it before its time' }],
    examples: ['tandem leases recordings LEASE', 'tandem leases recordings LEASE --out session.cast'], load: from(recordings, 'recordings') },
  { path: 'leases extend', about: 'Have a lease last longer', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }, { form: '<time>', about: 'by so much, such as 2h' }], options: [{ form: '--at-most <amount>', about: 'it ends before it would cost more, in all' }], examples: ['tandem leases extend LEASE 2h'], load: from(leases, 'extend') },
  { path: 'leases hand-over', about: 'Give a lease to another project, which pays from then on', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }, { form: '<project>', about: 'its id or name' }], examples: ['tandem leases hand-over LEASE training'], load: from(leases, 'handOver') },
  { path: 'leases end', about: 'End a lease and have its machines wiped; says before what goes with it', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], options: [{ form: '--keep <name>', about: 'keep its home as a volume of this name' }, { form: '--days <days>', about: 'for so long (default: 30)' }, { form: '--yes', about: 'say and ask nothing' }],
    examples: ['tandem leases end LEASE', 'tandem leases end LEASE --keep models --days 7'], load: from(volumes, 'end') },
  { path: 'leases contents', about: 'Show what would go with a lease: files of its home, and what runs in it', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], examples: ['tandem leases contents LEASE'], load: from(volumes, 'contents') },
  { path: 'leases keep', about: 'Keep a lease\'s home as a volume, however the lease ends', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }, { form: '<name>', about: 'of the volume' }], options: [{ form: '--days <days>', about: 'for so long (default: 30)' }], examples: ['tandem leases keep LEASE models'], load: from(volumes, 'keep') },
  { path: 'leases let-go', about: 'Let a lease\'s home go with it after all', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], examples: ['tandem leases let-go LEASE'], load: from(volumes, 'letGo') },
  { path: 'volumes', about: 'List homes of leases that are kept', examples: ['tandem volumes'], load: from(volumes, 'list') },
  { path: 'volumes list', about: 'List homes of leases that are kept', examples: ['tandem volumes list'], load: from(volumes, 'list') },
  { path: 'volumes extend', about: 'Keep a volume for so many days from now on', args: [{ form: '<volume>', about: 'its name, its id or the beginning of it' }, { form: '<days>', about: 'such as 30' }], examples: ['tandem volumes extend models 30'], load: from(volumes, 'extend') },
  { path: 'volumes delete', about: 'Delete a volume that no lease has', args: [{ form: '<volume>', about: 'its name, its id or the beginning of it' }], examples: ['tandem volumes delete models'], load: from(volumes, 'remove') },
  { path: 'leases wipe', about: 'Show what was wiped after a lease, and what its machine had before it', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], options: [{ form: '--out <file>', about: 'write the signed certificates to a file, one a line' }],
    examples: ['tandem leases wipe LEASE', 'tandem leases wipe LEASE --out wipe.jws'], load: from(wipes, 'ofLease') },
  { path: 'wipe', about: 'Print the public keys that vouch for wipes', examples: ['tandem wipe'], load: from(wipes, 'keys') },
  { path: 'wipe keys', about: 'Print the public keys that vouch for wipes', examples: ['tandem wipe keys > keys.json'], load: from(wipes, 'keys') },
  { path: 'wipe verify', about: 'Check certificates of wipes: who signed, and what was said', args: [{ form: '<file>', about: 'a certificate on each line; - reads standard input' }],
    options: [{ form: '--key <file>', about: 'keys that were kept: nothing is asked of a server then' }, { form: '--lease <lease>', about: 'it must be of this lease; with --key its whole id' }, { form: '--machine <id>', about: 'it must be of this machine' }],
    examples: ['tandem wipe verify wipe.jws', 'tandem wipe verify wipe.jws --key keys.json --lease LEASE'], load: from(wipes, 'verify') },
  { path: 'screen', about: 'Say where the screen of a lease is in the browser', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], examples: ['tandem screen LEASE'], load: from(screen, 'screen') },
  { path: 'ssh', about: 'Enter a lease by OpenSSH\'s own client, or run a command there', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }, { form: '[command...]', about: 'what to run there, after --' }], options: [{ form: '-L, --forward <specs>', about: 'ports to forward, as PORT:HOST:PORT, comma-separated' }],
    examples: ['tandem ssh LEASE', 'tandem ssh LEASE -- nvidia-smi', 'tandem ssh LEASE --forward 8080:localhost:80'], load: from(ssh, 'ssh') },
  { path: 'ssh config', about: 'Teach ssh, scp, rsync and editors names such as train.tandem, by the name or id of a lease', examples: ['tandem ssh config'], load: from(ssh, 'config') },
  { path: 'ssh pass', about: 'Fetch a certificate of minutes for a lease; ssh calls it by itself', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], examples: ['tandem ssh pass LEASE'], load: from(ssh, 'pass') },
  { path: 'ssh proxy', about: 'Be the ProxyCommand of ssh', args: [{ form: '<lease>', about: 'its name, its id or the beginning of it' }], examples: ['ssh -o "ProxyCommand=tandem ssh proxy %n" LEASE'], load: from(ssh, 'proxy') },

  { path: 'plan', about: 'Show what applying a configuration would change, prices included', args: [{ form: '[file]', about: 'JSON or YAML (default: tandem.config.json)' }],
    examples: ['tandem plan', 'tandem plan models.yaml'], load: from(config, 'plan') },
  { path: 'apply', about: 'Plan, ask, and apply exactly that plan', args: [{ form: '[file]', about: 'JSON or YAML (default: tandem.config.json)' }], options: [{ form: '--yes', about: 'do not ask' }],
    examples: ['tandem apply', 'tandem apply models.yaml --yes'], load: from(config, 'apply') },

  { path: 'import', about: 'Move in from another gateway', examples: ['tandem import litellm config.yaml'], load: from(move, 'importList') },
  { path: 'import litellm', about: 'Read LiteLLM\'s config.yaml: say what each line becomes, show the plan, apply it with --apply', args: [{ form: '<file>', about: 'the YAML file; - reads standard input' }],
    options: [{ form: '--out <file>', about: 'write it as a configuration instead, without keys' }, { form: '--apply', about: 'ask, then apply' }, { form: '--yes', about: 'apply without asking' }],
    examples: ['tandem import litellm config.yaml', 'tandem import litellm config.yaml --out tandem.config.json', 'tandem import litellm config.yaml --apply'], load: from(move, 'importLitellm') },

  { path: 'export', about: 'Write everything as files: configuration, prices, keys\' metadata, usage, invoices, webhooks, hooks, machines, leases, trail; no secrets', args: [{ form: '<folder>', about: 'a new or empty folder' }],
    options: [{ form: '--no-usage', about: 'without usage events, which may be many' }], examples: ['tandem export out', 'tandem export out --no-usage'], load: from(takeOut, 'exportAll') },

  { path: 'keys', about: 'List API keys', options: [{ form: '--all', about: 'also keys that are revoked or expired' }], examples: ['tandem keys', 'tandem keys --json'], load: from(keys, 'list') },
  { path: 'keys create', about: 'Make a key; its secret is shown once', args: [{ form: '<name>', about: 'a name to know it by' }],
    options: [{ form: '--budget <usd>', about: 'a budget that cannot be overrun, such as 25.00' }, { form: '--period <period>', about: 'what the budget is for: day, month or total (default: month)' },
      { form: '--role <role>', about: 'owner, admin, developer or viewer (default: developer)' }, { form: '--models <names>', about: 'only these models, comma-separated' },
      { form: '--project <id-or-name>', about: 'the project (default: the first)' }, { form: '--expires <time>', about: 'such as 30d, 12h or 2027-01-31' }],
    examples: ['tandem keys create ci --budget 25.00', 'tandem keys create app --models tandem/local --expires 90d'], load: from(keys, 'create') },
  { path: 'keys show', about: 'Show one key', args: [{ form: '<key>', about: 'its id, name or first characters' }], examples: ['tandem keys show ci'], load: from(keys, 'show') },
  { path: 'keys cache', about: 'Answer a key\'s repeated requests from memory, or stop that', args: [{ form: '<key>', about: 'its id, name or first characters' }, { form: '<time>', about: 'how long, such as 10m or 1d at most; or off' }],
    examples: ['tandem keys cache ci 10m', 'tandem keys cache ci off'], load: from(keys, 'cache') },
  { path: 'keys rotate', about: 'Make a successor; the old key works until the overlap ends', args: [{ form: '<key>', about: 'its id, name or first characters' }],
    options: [{ form: '--overlap <time>', about: 'such as 1h or 0s (default: 1d)' }], examples: ['tandem keys rotate ci --overlap 1h'], load: from(keys, 'rotate') },
  { path: 'keys revoke', about: 'Revoke a key, at once and everywhere', args: [{ form: '<key>', about: 'its id, name or first characters' }], examples: ['tandem keys revoke ci'], load: from(keys, 'revoke') },

  { path: 'bill', about: 'Show a month\'s bill by project, key and model, or verify it',
    options: [{ form: '--month <month>', about: 'such as 2026-11 (default: this month)' }, { form: '--verify', about: 'recompute everything from raw events and print the difference' }],
    examples: ['tandem bill', 'tandem bill --month 2026-10', 'tandem bill --verify'], load: from(bill, 'bill') },
  { path: 'bill usage', about: 'List usage events, newest first', options: [{ form: '--limit <n>', about: 'how many (default: 20)' }], examples: ['tandem bill usage --limit 5'], load: from(bill, 'usage') },
  { path: 'bill export', about: 'Write usage events as CSV or JSON lines, oldest first',
    options: [{ form: '--format <format>', about: 'csv or jsonl (default: csv)' }, { form: '--from <date>', about: 'admitted at or after' }, { form: '--to <date>', about: 'admitted before' },
      { form: '--after <id>', about: 'go on behind the last row that you have' }, { form: '--out <file>', about: 'write to a file (default: standard output)' }],
    examples: ['tandem bill export --from 2026-11-01 --out november.csv', 'tandem bill export --format jsonl --after 0192…'], load: from(usageOut, 'exportUsage') },
  { path: 'bill invoices', about: 'List closed months', examples: ['tandem bill invoices'], load: from(bill, 'invoices') },
  { path: 'bill close', about: 'Close a past month into a numbered invoice', args: [{ form: '<month>', about: 'such as 2026-10' }], examples: ['tandem bill close 2026-10'], load: from(bill, 'close') },
  { path: 'bill adjust', about: 'Adjust a closed invoice', args: [{ form: '<invoice>', about: 'its id or number' }, { form: '<amount>', about: 'such as -1.50' }], options: [{ form: '--reason <text>', about: 'why' }],
    examples: ['tandem bill adjust 2026-000001 --reason "goodwill" -- -1.50'], load: from(bill, 'adjust') },
  { path: 'bill credits', about: 'List prepaid credits and grants', examples: ['tandem bill credits'], load: from(bill, 'credits') },
  { path: 'bill credit', about: 'Add prepaid credit or a grant', args: [{ form: '<amount>', about: 'such as 100.00' }],
    options: [{ form: '--grant', about: 'a grant instead of prepaid credit' }, { form: '--expires <time>', about: 'such as 90d or 2027-01-31' }, { form: '--reason <text>', about: 'why' }],
    examples: ['tandem bill credit 100.00 --reason "purchase order 17"'], load: from(bill, 'credit') },

  { path: 'requests', about: 'List calls, newest first: admitted, refused and failed ones',
    options: [...RANGE, ...NARROW, { form: '--outcome <outcome>', about: 'completed, client_left, failed, cut, deadline, refused or not_completed' }, { form: '--code <code>', about: 'answered with this error' },
      { form: '--status <n>', about: 'answered with this HTTP status' }, { form: '--dialect <name>', about: 'such as chat, responses or messages' }, ...LABELS, { form: '--min-ms <n>', about: 'that took at least so long' }, { form: '--limit <n>', about: 'how many (default: 20)' }],
    examples: ['tandem requests --outcome not_completed', 'tandem requests --code budget_exceeded --last 7d', 'tandem requests --min-ms 5000 --model tandem/local'], load: from(requests, 'list') },
  { path: 'requests show', about: 'Show where one call spent its time, its route, tokens and cost', args: [{ form: '<id>', about: 'of the reply, in any form, or its x-request-id' }],
    examples: ['tandem requests show chatcmpl-0192f0c1-7a00-7000-8000-000000000001'], load: from(requests, 'show') },
  { path: 'latency', about: 'Show p50, p95 and p99 of first token, whole reply and tokens per second',
    options: [{ form: '--by <what>', about: 'route, model, backend or project (default: route)' }, ...RANGE, ...NARROW], examples: ['tandem latency', 'tandem latency --by backend --last 7d'], load: from(latency, 'latency') },
  { path: 'spend', about: 'Add up what calls cost, by one or two dimensions',
    options: [{ form: '--by <dimension>', about: 'project, key, model, backend, tier, user, scenario, tag, hour, day or month (default: model)' }, { form: '--and <dimension>', about: 'and within each by this' },
      { form: '--metric <metric>', about: 'charge, cost, margin, requests, failed, tokens, or a kind of token (default: charge)' }, { form: '--top <n>', about: 'how many by name (default: 10)' }, ...RANGE, ...NARROW, ...LABELS],
    examples: ['tandem spend', 'tandem spend --by day --and model --last 7d', 'tandem spend --by user --metric margin'], load: from(spend, 'spend') },

  { path: 'budgets', about: 'List budgets with what is spent, held and left', examples: ['tandem budgets'], load: from(budgets, 'list') },
  { path: 'budgets set', about: 'Set the budget of a key, a project or the organisation, or of each key, project, user, tag or model of it', args: [{ form: '<scope>', about: 'key:NAME, project:NAME or organisation' }, { form: '<usd>', about: 'such as 250.00' }],
    options: [{ form: '--period <period>', about: 'day, month or total (default: month)' }, { form: '--alert <percents>', about: 'tell webhooks at these shares, such as 50,80,100 (0: at none)' },
      { form: '--each <kind>', about: 'each key, project, user, tag or model of the scope by itself' }, { form: '--user <name>', about: 'one user, as the caller names it' },
      { form: '--tag <name>', about: 'one tag of the caller\'s' }, { form: '--model <name>', about: 'one model' }],
    examples: ['tandem budgets set project:default 250.00 --alert 50,80,100', 'tandem budgets set key:ci 5.00 --period day', 'tandem budgets set project:default 10.00 --each key --period day', 'tandem budgets set organisation 100.00 --model muse-spark'], load: from(budgets, 'set') },
  { path: 'budgets remove', about: 'Remove a budget', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem budgets remove 0192…'], load: from(budgets, 'remove') },

  { path: 'operator-minutes', about: 'Show how long machines waited for a person, and what was done by hand', options: [{ form: '--month <month>', about: 'such as 2026-11 (default: this one)' }], examples: ['tandem operator-minutes', 'tandem operator-minutes --month 2026-11'], load: from(operator, 'show') },
  { path: 'operator-minutes price', about: 'Say what a minute and a step of your people are worth', options: [{ form: '--minute <amount>', about: 'of a minute (default: nothing)' }, { form: '--step <amount>', about: 'of a step by hand (default: nothing)' }],
    examples: ['tandem operator-minutes price --minute 1.20 --step 5.00'], load: from(operator, 'price') },
  { path: 'quotas', about: 'List quotas of machines, GPUs, leases and what providers bill in a month', examples: ['tandem quotas', 'tandem quotas list'], load: from(quotas, 'list') },
  { path: 'quotas list', about: 'List quotas of machines, GPUs, leases and what providers bill in a month', examples: ['tandem quotas list'], load: from(quotas, 'list') },
  { path: 'quotas set', about: 'Set the quota of a project or the organisation, in the place of what was set before', args: [{ form: '<scope>', about: 'project:NAME or organisation; for the operator also organisation:ID' }],
    options: [{ form: '--machines <n>', about: 'machines at a time' }, { form: '--gpus <n>', about: 'GPUs and slices at a time' }, { form: '--leases <n>', about: 'leases at a time' }, { form: '--spend <amount>', about: 'what providers may bill for it in a calendar month' }],
    examples: ['tandem quotas set project:default --gpus 8 --leases 4', 'tandem quotas set organisation --spend 2000.00'], load: from(quotas, 'set') },
  { path: 'quotas remove', about: 'Remove a quota', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem quotas remove 0192…'], load: from(quotas, 'remove') },

  { path: 'limits', about: 'List limits on requests, tokens and parallel calls', examples: ['tandem limits'], load: from(limits, 'list') },
  { path: 'limits set', about: 'Limit the calls of a key, a project or the organisation, or of each user, model and so on of it',
    args: [{ form: '<scope>', about: 'key:NAME, project:NAME or organisation' }, { form: '<amount>', about: 'such as 20' }, { form: '<metric>', about: 'requests or tokens (a minute), or parallel' }],
    options: [{ form: '--each <kind>', about: 'each user, tag, model, key or project of the scope by itself' }, { form: '--user <name>', about: 'one user, as the caller names it' },
      { form: '--tag <name>', about: 'one tag of the caller\'s' }, { form: '--model <name>', about: 'one model' }],
    examples: ['tandem limits set key:ci 60 requests', 'tandem limits set project:default 20 requests --each user', 'tandem limits set organisation 200000 tokens --model muse-spark', 'tandem limits set project:default 8 parallel'], load: from(limits, 'set') },
  { path: 'limits remove', about: 'Remove a limit', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem limits remove 0192…'], load: from(limits, 'remove') },

  { path: 'feeds', about: 'List addresses that every usage event is sent to', examples: ['tandem feeds'], load: from(usageOut, 'list') },
  { path: 'feeds add', about: 'Send every usage event to an address, signed, in order, at least once; its secret is shown once', args: [{ form: '<url>', about: 'an https address' }],
    options: [{ form: '--format <format>', about: 'tandem or stripe (default: tandem)' }, { form: '--customer <name>', about: 'whom the receiver knows you as (default: your organisation\'s id)' }, { form: '--from <date>', about: 'also what was recorded from then on' }],
    examples: ['tandem feeds add https://warehouse.example.com/tandem', 'tandem feeds add https://meter.example.com/in --format stripe --customer cus_123'], load: from(usageOut, 'add') },
  { path: 'feeds pause', about: 'Hold a feed; nothing is lost', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem feeds pause 0192…'], load: from(usageOut, 'pause') },
  { path: 'feeds resume', about: 'Let a feed go on where it stood, or try a failing one now', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem feeds resume 0192…'], load: from(usageOut, 'resume') },
  { path: 'feeds replay', about: 'Send again what was recorded from a time on', args: [{ form: '<id>', about: 'its id' }], options: [{ form: '--from <date>', about: 'such as 2026-11-01' }],
    examples: ['tandem feeds replay 0192… --from 2026-11-01'], load: from(usageOut, 'replay') },
  { path: 'feeds rotate', about: 'Replace a feed\'s signing secret; both sign for a day', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem feeds rotate 0192…'], load: from(usageOut, 'rotate') },
  { path: 'feeds remove', about: 'Stop sending usage to an address', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem feeds remove 0192…'], load: from(usageOut, 'remove') },

  { path: 'webhooks', about: 'List addresses that are told of events', examples: ['tandem webhooks'], load: from(webhooks, 'list') },
  { path: 'webhooks add', about: 'Have an address told of events; its secret is shown once', args: [{ form: '<url>', about: 'an https address' }],
    options: [{ form: '--events <names>', about: 'comma-separated: budget.alert, when a budget reaches a share, and lease.notice, when a lease of a machine ends soon (default: budget.alert)' }], examples: ['tandem webhooks add https://hooks.example.com/tandem'], load: from(webhooks, 'add') },
  { path: 'webhooks deliveries', about: 'List what was or is to be sent to an address', args: [{ form: '<id>', about: 'the webhook\'s id' }], examples: ['tandem webhooks deliveries 0192…'], load: from(webhooks, 'deliveries') },
  { path: 'webhooks rotate', about: 'Replace an address\' signing secret; both sign for a day', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem webhooks rotate 0192…'], load: from(webhooks, 'rotate') },
  { path: 'webhooks remove', about: 'Stop telling an address', args: [{ form: '<id>', about: 'its id' }], examples: ['tandem webhooks remove 0192…'], load: from(webhooks, 'remove') },

  { path: 'hooks', about: 'List addresses that are asked about calls of models', examples: ['tandem hooks'], load: from(hooks, 'list') },
  { path: 'hooks add', about: 'Have an address asked about each request, reply or both; its secret is shown once', args: [{ form: '<name>', about: 'what it is called' }, { form: '<url>', about: 'an https address' }],
    options: [{ form: '--project <name>', about: 'only for calls of this project (default: the whole organisation)' }, { form: '--stage <stage>', about: 'request, reply or both (default: request)' }, { form: '--deadline <ms>', about: '50 to 10000 (default: 1000)' }, { form: '--on-failure <way>', about: 'open: the call goes on; closed: it does not (default: closed)' }],
    examples: ['tandem hooks add no-secrets https://hooks.example.com/check --deadline 300 --on-failure open'], load: from(hooks, 'add') },
  { path: 'hooks update', about: 'Change a hook, or switch it off and on', args: [{ form: '<id>', about: 'its id or name' }],
    options: [{ form: '--name <name>', about: 'its new name' }, { form: '--url <url>', about: 'its new address' }, { form: '--stage <stage>', about: 'request, reply or both' }, { form: '--deadline <ms>', about: '50 to 10000' }, { form: '--on-failure <way>', about: 'open or closed' }, { form: '--off', about: 'ask it no more' }, { form: '--on', about: 'ask it again' }],
    examples: ['tandem hooks update no-secrets --on-failure open', 'tandem hooks update no-secrets --off'], load: from(hooks, 'update') },
  { path: 'hooks test', about: 'Ask a hook about a call that nobody made', args: [{ form: '<id>', about: 'its id or name' }], examples: ['tandem hooks test no-secrets'], load: from(hooks, 'test') },
  { path: 'hooks failures', about: 'List when and why a hook failed lately', args: [{ form: '<id>', about: 'its id or name' }], examples: ['tandem hooks failures no-secrets'], load: from(hooks, 'failures') },
  { path: 'hooks rotate', about: 'Replace a hook\'s signing secret; both sign for a day', args: [{ form: '<id>', about: 'its id or name' }], examples: ['tandem hooks rotate no-secrets'], load: from(hooks, 'rotate') },
  { path: 'hooks remove', about: 'Remove a hook', args: [{ form: '<id>', about: 'its id or name' }], examples: ['tandem hooks remove no-secrets'], load: from(hooks, 'remove') },

  { path: 'prices', about: 'List the prices in force', options: [{ form: '--history', about: 'every version' }], examples: ['tandem prices', 'tandem prices --history'], load: from(prices, 'list') },
  { path: 'prices set', about: 'Add a price version: in force from now, or 6 seconds later where another one is', args: [{ form: '<model>', about: 'the model\'s name' }],
    options: [{ form: '--input <usd>', about: 'per million input tokens' }, { form: '--cached <usd>', about: 'per million input tokens read from a cache' }, { form: '--output <usd>', about: 'per million output tokens' },
      { form: '--cache-write <usd>', about: 'per million tokens written to a cache (default: like input)' }, { form: '--cache-write-1h <usd>', about: 'the same, kept for an hour (default: like cache writes)' },
      { form: '--reasoning <usd>', about: 'per million reasoning tokens (default: like output)' }, { form: '--audio-input <usd>', about: 'per million audio input tokens (default: like input)' },
      { form: '--audio-output <usd>', about: 'per million audio output tokens (default: like output)' }, { form: '--image-input <usd>', about: 'per million image input tokens (default: like input)' },
      { form: '--request <usd>', about: 'per request (default: nothing)' }, { form: '--cached-reply <usd>', about: 'per reply from the response cache (default: nothing)' },
      { form: '--gpu-hour <usd>', about: 'of leases: per GPU or slice and hour, by the started minute' }, { form: '--hour <usd>', about: 'of leases: per started hour' }, { form: '--day <usd>', about: 'of leases: per 24 hours' },
      { form: '--week <usd>', about: 'of leases: per 7 days' }, { form: '--month <usd>', about: 'of leases: per 30 days' }, { form: '--gib-month <usd>', about: 'of volumes (volume/gib): per GiB and 30 days, by the started hour' },
      { form: '--tier <tier>', about: 'standard, contributor, priority or flex (default: standard)' }, { form: '--cost-of <backend>', about: 'what this backend costs us, instead of what callers pay' },
      { form: '--source <text>', about: 'where the price comes from' }],
    examples: ['tandem prices set tandem/local --input 0.02 --cached 0.002 --output 0.08 --source "our own rate"', 'tandem prices set gpu/h100-80gb --gpu-hour 2.00 --source "our own rate"', 'tandem prices set mac/m4 --day 12.00 --week 60.00 --source "our own rate"', 'tandem prices set volume/gib --gib-month 0.10 --source "our own rate"'], load: from(prices, 'set') },
  { path: 'prices import', about: 'Read LiteLLM\'s price map: show the difference, apply it with --apply', args: [{ form: '<file>', about: 'the JSON file; - reads standard input' }],
    options: [{ form: '--only <names>', about: 'only these models, comma-separated' }, { form: '--apply', about: 'apply the difference' }],
    examples: ['tandem prices import model_prices.json --only gpt-4o-mini', 'tandem prices import model_prices.json --apply'], load: from(prices, 'importMap') },

  { path: 'projects', about: 'List projects', examples: ['tandem projects'], load: from(people, 'projects') },
  { path: 'projects create', about: 'Make a project', args: [{ form: '<name>', about: 'its name' }], examples: ['tandem projects create app'], load: from(people, 'projectCreate') },
  { path: 'projects consent', about: 'List which projects contribute their content for a lower price', examples: ['tandem projects consent'], load: from(consent, 'list') },
  { path: 'projects consent show', about: 'Show whether a project contributes, who agreed to what, and the text', args: [{ form: '<project>', about: 'its id or name' }], examples: ['tandem projects consent show app'], load: from(consent, 'show') },
  { path: 'projects consent give', about: 'Agree to the text, in the name of the project', args: [{ form: '<project>', about: 'its id or name' }], options: [{ form: '--text <version>', about: 'the version of the text that you read, as show prints it' }],
    examples: ['tandem projects consent give app --text 2026-11-1'], load: from(consent, 'give') },
  { path: 'projects consent withdraw', about: 'Withdraw: in force at once, and what was kept is deleted', args: [{ form: '<project>', about: 'its id or name' }], examples: ['tandem projects consent withdraw app'], load: from(consent, 'withdraw') },
  { path: 'projects store', about: 'Switch the keeping of a project\'s content on or off', args: [{ form: '<project>', about: 'its id or name' }, { form: '<state>', about: 'on or off' }],
    examples: ['tandem projects store app off'], load: from(content, 'store') },
  { path: 'projects attempts', about: 'Have a project pay for what failed attempts and losers of hedges used, or not', args: [{ form: '<project>', about: 'its id or name' }, { form: '<state>', about: 'on or off' }],
    examples: ['tandem projects attempts app on'], load: from(content, 'attempts') },
  { path: 'feedback', about: 'Show what was said of replies, refusals, latency and cost by scenario', options: [{ form: '--from <time>', about: 'such as 2026-11-01 (default: 30 days ago)' }, { form: '--to <time>', about: 'such as 2026-11-30 (default: now)' }],
    examples: ['tandem feedback', 'tandem feedback --from 2026-11-01'], load: from(feedback, 'summary') },
  { path: 'feedback export', about: 'Write what consenting projects contributed as JSONL for training, redacted', args: [{ form: '[file]', about: 'where to; standard output if left out' }],
    examples: ['tandem feedback export training.jsonl'], load: from(feedback, 'exportAll') },
  { path: 'content', about: 'Show how much content is kept, by project and function', examples: ['tandem content'], load: from(content, 'list') },
  { path: 'content purge', about: 'Remove all content of a project; its usage and bills stay', args: [{ form: '<project>', about: 'its id or name' }],
    options: [{ form: '--confirm <name>', about: 'the project\'s name, instead of being asked for it' }], examples: ['tandem content purge app --confirm app'], load: from(content, 'purge') },
  { path: 'members', about: 'List members of the organisation', examples: ['tandem members'], load: from(people, 'members') },
  { path: 'members invite', about: 'Invite a person; the link is shown once', args: [{ form: '<email>', about: 'their address' }], options: [{ form: '--role <role>', about: 'owner, admin, developer or viewer (default: developer)' }],
    examples: ['tandem members invite ada@example.com --role admin'], load: from(people, 'invite') },
  { path: 'members remove', about: 'Remove a member; their sessions and keys end', args: [{ form: '<email>', about: 'their address' }], examples: ['tandem members remove ada@example.com'], load: from(people, 'memberRemove') },
  { path: 'trail', about: 'Show the audit trail, or verify its hash chain', options: [{ form: '--verify', about: 'recompute the chain' }, { form: '--limit <n>', about: 'how many (default: 20)' }],
    examples: ['tandem trail', 'tandem trail --verify'], load: from(people, 'trail') },

  { path: 'api', about: 'Call any route of the control API', args: [{ form: '<method>', about: 'GET, POST, PATCH or DELETE' }, { form: '<path>', about: 'such as /api/keys' }],
    options: [{ form: '--data <json>', about: 'the body; - reads standard input' }], examples: ['tandem api GET /api/overview', 'tandem api POST /api/projects --data \'{"name":"app"}\''], load: from(api, 'api') },
  { path: 'completion', about: 'Print a completion script for bash, zsh or fish', args: [{ form: '<shell>', about: 'bash, zsh or fish' }], examples: ['source <(tandem completion bash)'], load: from(completion, 'completion') },
];
