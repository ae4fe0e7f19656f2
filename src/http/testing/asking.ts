export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON body; undefined when there is none. */
  readonly body: unknown;
}

/** Makes requests with a key, or with the headers given instead of it. */
export function asking(url: string, key: string) {
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${key}` }): Promise<Asked> => {
    const reply = await fetch(url + path, {
      method, redirect: 'manual',
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await reply.text();
    const isJson = /json(;|$)/.test(reply.headers.get('content-type') ?? '');
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : isJson ? (JSON.parse(text) as unknown) : text };
  };
}
