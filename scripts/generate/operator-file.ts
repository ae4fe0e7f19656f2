/**
 * The operator's file as the reference shows it. The rooms check their own parts; a test gives this example to
 * each of them, and asks that every field of the example stands in the table.
 */
export const OPERATOR_FIELDS: readonly (readonly [field: string, about: string])[] = [
  ['organisation', 'The first organisation, made at the first start and not read again after it.'],
  ['organisation.name', 'Its name. Default: `Default`.'],
  ['organisation.currency', 'Its currency, an ISO 4217 code. Default: `USD`. It cannot change later.'],
  ['organisation.billing', '`postpaid` (default) or `prepaid`: prepaid calls are refused when credit is used up.'],
  ['organisation.ownerEmail', 'The address of its owner, to sign in by OIDC. Default: `owner@localhost`.'],
  ['oidc', 'Sign-in to the console by an OIDC provider. Redirect URI to register there: `<public URL>/api/login/oidc/callback`.'],
  ['oidc.issuer', 'The issuer, exactly as the provider\'s discovery document says it; https.'],
  ['oidc.clientId', 'The client\'s id at the provider.'],
  ['oidc.clientSecretFile', 'A file with the client\'s secret; or `clientSecret` with the secret itself; neither for a public client.'],
  ['oidc.name', 'What the sign-in button says. Default: `Single sign-on`.'],
  ['oidc.allowedDomains', 'Only verified addresses of these domains may sign in. Default: every member and whoever is invited.'],
  ['oidc.autoJoin', 'Who has a verified address of `domain` becomes a member with `role` (`admin`, `developer` or `viewer`). Default: nobody.'],
  ['oidc.autoJoin.domain', 'The domain, in lower case.'],
  ['oidc.autoJoin.role', 'The role that they get.'],
  ['backends', 'OpenAI-compatible backends, beside those added with `tandem backends add`.'],
  ['backends[].name', 'A name for it, unique in the file.'],
  ['backends[].url', 'Its base URL, such as `https://api.example.com/v1`.'],
  ['backends[].keyEnv', 'The variable with its key; or `keyFile` with a file, relative to the folder of this one; or `key` with the key itself.'],
  ['backends[].models', 'Models of it that callers may call.'],
  ['backends[].models[].alias', 'The name that callers use, unique in the file.'],
  ['backends[].models[].model', 'The model\'s name at the backend.'],
  ['backends[].models[].maxOutputTokens', 'The output cap where the caller gives none. Default: 4096.'],
  ['backends[].models[].contextTokens', 'How many tokens fit into a call, for the bound of its price. Default: unknown.'],
  ['backends[].models[].outputLimitField', 'What the backend calls the output cap: `max_tokens` (default) or `max_completion_tokens`.'],
  ['deadlines', 'How long a backend may take.'],
  ['deadlines.connectSeconds', 'To accept the connection.'],
  ['deadlines.firstTokenSeconds', 'To the first token.'],
  ['deadlines.gapSeconds', 'Between two pieces of a stream.'],
  ['deadlines.wholeSeconds', 'For the whole reply.'],
  ['egress', 'Which addresses backends may have, beside public ones.'],
  ['egress.allow', 'Ranges that are opened, such as the network of the GPU machines. Cloud metadata addresses are never reached.'],
];

export const OPERATOR_EXAMPLE = {
  organisation: { name: 'Example', currency: 'USD', billing: 'postpaid', ownerEmail: 'ada@example.com' },
  oidc: {
    issuer: 'https://login.example.com', clientId: 'tandem', clientSecretFile: '/etc/tandem/oidc-secret', name: 'Example login',
    allowedDomains: ['example.com'], autoJoin: { domain: 'example.com', role: 'developer' },
  },
  backends: [
    {
      name: 'gpu-1', url: 'http://10.20.0.5:8000/v1', keyEnv: 'GPU_1_KEY',
      models: [{ alias: 'team/llama', model: 'meta-llama/Llama-3.3-70B-Instruct', maxOutputTokens: 4096, contextTokens: 131072, outputLimitField: 'max_tokens' }],
    },
  ],
  deadlines: { connectSeconds: 5, firstTokenSeconds: 120, gapSeconds: 60, wholeSeconds: 900 },
  egress: { allow: ['10.20.0.0/16'] },
};
