import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { TandemError } from '../base/index.ts';
import { foldEmail } from './names.ts';
import { parseOperatorPart } from './operator-file.ts';

const domain = z.string().regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'it is a domain in lower case, such as example.com');

/** The part `oidc` of the operator's file. */
const form = z.strictObject({
  /** Exactly as the provider's discovery document says it. */
  issuer: z.url().refine(isSecure, 'it is an https URL (http only on this machine)'),
  clientId: z.string().min(1).max(500),
  clientSecret: z.string().min(1).max(2_000).optional(),
  clientSecretFile: z.string().min(1).optional(),
  /** What the sign-in button says. */
  name: z.string().trim().min(1).max(60).default('Single sign-on'),
  /** Only these domains may sign in, members or not. Default: whoever is a member or invited. */
  allowedDomains: z.array(domain).min(1).optional(),
  /** Who has a verified address of the domain becomes a member of the first organisation. Default: nobody. */
  autoJoin: z.strictObject({ domain, role: z.enum(['admin', 'developer', 'viewer']) }).optional(),
}).refine((oidc) => oidc.clientSecret === undefined || oidc.clientSecretFile === undefined, { message: 'give clientSecret or clientSecretFile, not both', path: ['clientSecret'] });

export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client; PKCE protects the code. */
  readonly clientSecret: string | null;
  readonly name: string;
  readonly allowedDomains: readonly string[] | null;
  readonly autoJoin: { readonly domain: string; readonly role: 'admin' | 'developer' | 'viewer' } | null;
}

/** @throws TandemError setting_invalid. Undefined in, null out: not configured. */
export function readOidcConfig(part: unknown): OidcConfig | null {
  if (part === undefined) return null;
  const { issuer, clientId, clientSecret, clientSecretFile, name, allowedDomains, autoJoin } = parseOperatorPart('oidc', form, part);
  return {
    issuer, clientId, name, allowedDomains: allowedDomains ?? null, autoJoin: autoJoin ?? null,
    clientSecret: clientSecretFile === undefined ? clientSecret ?? null : readSecret(clientSecretFile),
  };
}

/** The domain of an address, or null when it has none that anybody could have verified. */
export function emailDomain(email: string): string | null {
  // Longer than an address can be, or with characters that none of them is known by: not one to match by.
  if (email.length > 254 || /[\s"\p{C}]/u.test(email)) return null;
  const at = email.lastIndexOf('@');
  const found = at < 1 ? '' : foldEmail(email.slice(at + 1));
  return domain.safeParse(found).success ? found : null;
}

/** http is let through only where nobody can stand between. */
export function isLoopback(url: URL): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
}

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)));
}

function readSecret(path: string): string {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret !== '') return secret;
  } catch {
    // Told below, the same for a missing and an empty file.
  }
  throw new TandemError('setting_invalid', { params: { name: 'TANDEM_CONFIG (oidc.clientSecretFile)', reason: `${path} cannot be read or is empty` } });
}
