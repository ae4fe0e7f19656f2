import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, base64url, exportJWK, generateKeyPair, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export interface TestPerson {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

/** The ID token as it would be sent honestly, to be replaced by an attack. */
export interface HonestToken {
  readonly payload: JWTPayload;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly honest: string;
}

interface Grant {
  readonly person: TestPerson;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly nonce: string;
}

/**
 * A test identity provider: a small OpenID Connect server on this machine with real keys, discovery, PKCE
 * and client authentication, which can also be told to misbehave. For tests only.
 */
export class TestOidcProvider {
  readonly clientId = 'tandem-test';
  readonly clientSecret = 'a test client\'s secret: ü & +';
  /** Makes an attack of the next ID tokens. */
  forge: ((token: HonestToken) => Promise<string> | string) | undefined;
  /** More or other fields of the discovery document. */
  metadata: Record<string, unknown> = {};
  /** Claims are left out of ID tokens and told by the user information only. */
  claimsByUserinfo = false;
  readonly #grants = new Map<string, Grant>();
  readonly #people = new Map<string, TestPerson>();
  readonly #server: Server;
  readonly #privateKey: CryptoKey;
  readonly #publicJwk: JWK;

  private constructor(privateKey: CryptoKey, publicJwk: JWK) {
    this.#privateKey = privateKey;
    this.#publicJwk = publicJwk;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.writeHead(500).end());
    });
  }

  static async start(): Promise<TestOidcProvider> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const provider = new TestOidcProvider(privateKey, { ...(await exportJWK(publicKey)), kid: 'test-1', alg: 'RS256', use: 'sig' });
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the person's browser does at the provider: gives the query with which it comes back. */
  authorize(authorizationUrl: string, person: TestPerson): string {
    const asked = new URL(authorizationUrl).searchParams;
    const take = (name: string): string => asked.get(name) ?? '';
    if (take('client_id') !== this.clientId || take('code_challenge_method') !== 'S256' || take('response_type') !== 'code') throw new Error('not an authorization request of this client');
    const code = randomUUID();
    this.#grants.set(code, { person, redirectUri: take('redirect_uri'), codeChallenge: take('code_challenge'), nonce: take('nonce') });
    return new URLSearchParams({ code, state: take('state') }).toString();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => { this.#server.close(resolve); });
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (value: unknown, status = 200): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    switch (new URL(request.url ?? '/', this.issuer).pathname) {
      case '/.well-known/openid-configuration': return json(this.#discovery());
      case '/jwks': return json({ keys: [this.#publicJwk] });
      case '/token': return this.#token(request, json);
      case '/userinfo': {
        const person = this.#people.get(request.headers.authorization?.replace('Bearer ', '') ?? '');
        return person === undefined ? json({ error: 'invalid_token' }, 401) : json(person);
      }
      default: return json({ error: 'not_found' }, 404);
    }
  }

  #discovery(): Record<string, unknown> {
    return {
      issuer: this.issuer, authorization_endpoint: `${this.issuer}/authorize`, token_endpoint: `${this.issuer}/token`, jwks_uri: `${this.issuer}/jwks`,
      userinfo_endpoint: `${this.issuer}/userinfo`, response_types_supported: ['code'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'], code_challenge_methods_supported: ['S256'], ...this.metadata,
    };
  }

  async #token(request: IncomingMessage, json: (value: unknown, status?: number) => void): Promise<void> {
    const body = new URLSearchParams(await text(request));
    const code = body.get('code') ?? '';
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const challenge = createHash('sha256').update(body.get('code_verifier') ?? '').digest('base64url');
    if (!this.#isClient(request, body)) return json({ error: 'invalid_client' }, 401);
    if (grant === undefined || grant.redirectUri !== body.get('redirect_uri') || grant.codeChallenge !== challenge) return json({ error: 'invalid_grant' }, 400);
    const accessToken = randomUUID();
    this.#people.set(accessToken, grant.person);
    json({ access_token: accessToken, token_type: 'Bearer', expires_in: 300, id_token: await this.#idToken(grant) });
  }

  #isClient(request: IncomingMessage, body: URLSearchParams): boolean {
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (basic === undefined) return body.get('client_id') === this.clientId && body.get('client_secret') === this.clientSecret;
    const [id, secret] = Buffer.from(basic, 'base64').toString().split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    return id === this.clientId && secret === this.clientSecret;
  }

  async #idToken({ person, nonce }: Grant): Promise<string> {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const claims = this.claimsByUserinfo ? { sub: person.sub } : person;
    const payload: JWTPayload = { ...claims, iss: this.issuer, aud: this.clientId, nonce, iat: nowSeconds, exp: nowSeconds + 300 };
    const honest = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(this.#privateKey);
    return this.forge === undefined ? honest : this.forge({ payload, privateKey: this.#privateKey, publicJwk: this.#publicJwk, honest });
  }
}

/** A token with any header at all, signed by any means or none. */
export function rawToken(header: Record<string, unknown>, payload: JWTPayload, sign: (signingInput: string) => string): string {
  const input = `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}`;
  return `${input}.${sign(input)}`;
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
