import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256, TandemError } from '../../../base/index.ts';
import type { BackendDialect, OutRequest } from '../../neutral/dialect.ts';
import { isObject } from '../../request/json.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * The headers that let a request in. The backend's key is one of
 * - a Bedrock API key, sent as a bearer token;
 * - `ACCESS_KEY_ID:SECRET_ACCESS_KEY` or with `:SESSION_TOKEN`, or the same as JSON, to sign with (AWS Signature Version 4).
 * @throws TandemError setting_invalid when no region can be told.
 */
export const signBedrock: NonNullable<BackendDialect['sign']> = async (request, { url, key, options, nowMs }) => {
  const credentials = credentialsIn(key);
  if (credentials === null) return ['authorization', `Bearer ${key}`];
  const region = options['region'] ?? /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com$/.exec(url.hostname)?.[1];
  if (region === undefined) throw new TandemError('setting_invalid', { params: { name: 'region of a Bedrock backend', reason: 'its address names none' } });
  const signer = new SignatureV4({ credentials, region, service: 'bedrock', sha256: Sha256 });
  const signed = await signer.sign({
    method: request.method, protocol: url.protocol, hostname: url.hostname, path: url.pathname, query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...pairs(request) }, body: request.body,
  }, { signingDate: new Date(nowMs) });
  // The connection adds its own host and length.
  return Object.entries(signed.headers).filter(([name]) => name.startsWith('x-amz-') || name === 'authorization').flat();
};

function pairs({ headers }: OutRequest): Record<string, string> {
  const made: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) made[headers[at]!.toLowerCase()] = headers[at + 1]!;
  return made;
}

/** Null: it is a bearer token. */
function credentialsIn(key: string): Credentials | null {
  if (key.startsWith('{')) {
    try {
      const { accessKeyId, secretAccessKey, sessionToken } = objectOf(JSON.parse(key));
      if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string') return { accessKeyId, secretAccessKey, ...(typeof sessionToken === 'string' && { sessionToken }) };
    } catch {
      // Then it is no JSON.
    }
    return null;
  }
  const found = /^([A-Z0-9]{16,128}):([^:]+)(?::(.+))?$/.exec(key);
  return found ? { accessKeyId: found[1]!, secretAccessKey: found[2]!, ...(found[3] !== undefined && { sessionToken: found[3] }) } : null;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
