import * as client from 'openid-client';
import { TandemError, printable, type Clock } from '../base/index.ts';
import { isLoopback, type OidcConfig } from './oidc-config.ts';

const TIMEOUT_SECONDS = 10;
/** How long a discovery document is believed. */
const DISCOVERED_MS = 3_600_000;

/** Whom the provider vouches for. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** Null when the provider names none or has not verified it. */
  readonly verifiedEmail: string | null;
  readonly name: string | null;
}

/** What a sign-in must match: made at its beginning, kept by the browser. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * The conversation with the identity provider: authorization code flow with PKCE, state and nonce. The ID
 * token's signature is checked too, although it comes over a connection of our own.
 */
export class OidcClient {
  readonly #config: OidcConfig;
  readonly #clock: Clock;
  #discovered: { configuration: Promise<client.Configuration>; atMs: number } | undefined;

  constructor(config: OidcConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Where to send the browser. @throws TandemError oidc_unreachable */
  async authorizationUrl(redirectUri: string, checks: Checks): Promise<string> {
    const configuration = await this.#configuration();
    return client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri, scope: 'openid email profile', state: checks.state, nonce: checks.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(checks.codeVerifier), code_challenge_method: 'S256',
    }).href;
  }

  /** Exchanges the code that the browser brought back. @throws TandemError oidc_refused, oidc_unreachable */
  async identify(redirectUri: string, query: string, checks: Checks): Promise<Identity> {
    const configuration = await this.#configuration();
    const url = new URL(redirectUri);
    url.search = query;
    try {
      const tokens = await client.authorizationCodeGrant(configuration, url, {
        expectedState: checks.state, expectedNonce: checks.nonce, pkceCodeVerifier: checks.codeVerifier, idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new TandemError('oidc_refused', { params: { reason: 'the provider sent no ID token' } });
      // Some providers put the address into the user information only.
      const more = claims['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
        ? await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
        : {};
      return identityOf(claims.iss, { ...more, ...claims });
    } catch (error) {
      throw asTandemError(error);
    }
  }

  #configuration(): Promise<client.Configuration> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#discovered === undefined || nowMs - this.#discovered.atMs > DISCOVERED_MS) {
      const configuration = this.#discover().catch((error: unknown) => {
        this.#discovered = undefined;
        throw new TandemError('oidc_unreachable', { detail: detailOf(error), cause: error });
      });
      this.#discovered = { configuration, atMs: nowMs };
    }
    return this.#discovered.configuration;
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#config;
    const url = new URL(issuer);
    const execute = url.protocol === 'http:' && isLoopback(url) ? [client.allowInsecureRequests] : [];
    const found = await client.discovery(url, clientId, undefined, client.None(), { execute, timeout: TIMEOUT_SECONDS });
    const metadata = found.serverMetadata();
    // The default of OpenID Connect Discovery 1.0, section 3.
    const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const configuration = new client.Configuration(metadata, clientId, undefined, authentication(clientSecret, methods));
    configuration.timeout = TIMEOUT_SECONDS;
    client.enableNonRepudiationChecks(configuration);
    for (const apply of execute) apply(configuration);
    return configuration;
  }
}

function authentication(secret: string | null, methods: readonly string[]): client.ClientAuth {
  if (secret === null) return client.None();
  return methods.includes('client_secret_basic') ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret);
}

function identityOf(issuer: string, claims: Readonly<Record<string, unknown>>): Identity {
  const { sub, email, email_verified: verified, name } = claims;
  return {
    issuer, subject: String(sub),
    verifiedEmail: typeof email === 'string' && verified === true ? email : null,
    name: typeof name === 'string' ? printable(name.toWellFormed()).trim().slice(0, 100).toWellFormed() || null : null,
  };
}

function asTandemError(error: unknown): TandemError {
  if (error instanceof TandemError) return error;
  if (error instanceof client.AuthorizationResponseError) {
    return new TandemError('oidc_refused', { params: { reason: `the provider answered ${error.error.slice(0, 60)}` }, detail: detailOf(error), cause: error });
  }
  const code = codeOf(error);
  if (code === 'OAUTH_TIMEOUT' || (error instanceof TypeError && code === null)) {
    return new TandemError('oidc_unreachable', { detail: detailOf(error), cause: error });
  }
  return new TandemError('oidc_refused', { params: { reason: 'the provider\'s answer did not pass the checks' }, detail: detailOf(error), cause: error });
}

/** For the operator: kind and code, but no token or code of the flow. */
function detailOf(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : 'unknown';
  return code === null ? message : `${message} (${code})`;
}

function codeOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
