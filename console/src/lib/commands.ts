/**
 * The line in a terminal that does what a button does. Where the CLI has a verb, its line; elsewhere
 * the call of the same API, which is always there.
 */
const CLI = './tandem';

/** Quotes a word for a POSIX shell where it needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const line = (...words: (string | false | undefined)[]): string => [CLI, ...words.filter((word) => typeof word === 'string')].join(' ');

/** A call of the control API by curl. Secrets are named, never written. */
export function apiCall(method: string, path: string, body?: unknown): string {
  const words = ['curl', ...(method === 'GET' ? [] : ['-X', method]), shellWord(`${location.origin}${path}`), '-H', '"authorization: Bearer $TANDEM_KEY"'];
  if (body !== undefined) words.push('-H', "'content-type: application/json'", '-d', shellWord(JSON.stringify(body)));
  return words.join(' ');
}

export const commands = {
  login: line('login'),
  doctor: line('doctor'),
  chat: (text: string, model?: string) => line('chat', model !== undefined && `--model ${shellWord(model)}`, shellWord(text)),
  models: line('models'),
  keys: line('keys'),
  keyCreate: (name: string, budget?: string) => line('keys', 'create', shellWord(name === '' ? 'NAME' : name), budget !== undefined && `--budget ${shellWord(budget)}`),
  keyRotate: (id: string) => line('keys', 'rotate', id),
  keyRevoke: (id: string) => line('keys', 'revoke', id),
  bill: (month?: string) => line('bill', month !== undefined && `--month ${month}`),
  billVerify: line('bill', '--verify'),
  prices: line('prices'),
};

/** The curl line of a chat completion, as a program elsewhere would send it. */
export function chatCurl(body: Readonly<Record<string, unknown>>): string {
  return `curl ${location.origin}/v1/chat/completions \\\n  -H "authorization: Bearer $TANDEM_KEY" \\\n  -H 'content-type: application/json' \\\n  -d ${shellWord(JSON.stringify(body))}`;
}
