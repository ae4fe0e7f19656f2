import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TandemError } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import type { Peers } from '../caller/peers.ts';
import { openApiDocument } from '../openapi/document.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** One condition of readiness: undefined when met, else the reason why calls would be refused. */
export type Readiness = () => { readonly name: string; readonly problem: string | undefined }[];

export interface SystemOptions {
  readonly authenticate: Authenticate;
  readonly peers: Peers;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
}

/**
 * What machines ask: is the process up (/healthz), would it take calls (/readyz), how is it doing (/metrics), what can
 * it do (/openapi.json). Metrics are for programs on this machine, or for a key that may see the system.
 */
export function registerSystem(app: FastifyInstance, options: SystemOptions): void {
  app.get('/healthz', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const checks = options.readiness();
    const ready = checks.every((check) => check.problem === undefined);
    return reply.header('cache-control', 'no-store').code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not ready',
      checks: checks.map(({ name, problem }) => ({ name, state: problem === undefined ? 'pass' : 'fail', ...(problem === undefined ? {} : { reason: problem }) })),
    });
  });

  app.get('/metrics', async (request, reply) => {
    await demandSystem(request, options);
    return reply.header('cache-control', 'no-store').header('content-type', options.metrics.contentType).send(await options.metrics.text());
  });

  let document: string | undefined;
  app.get('/openapi.json', async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send((document ??= JSON.stringify(openApiDocument()))));
}

async function demandSystem(request: FastifyRequest, options: SystemOptions): Promise<void> {
  if (options.peers.isLocal(request.raw)) return;
  const principal = await options.authenticate(request.raw, false);
  if (!principal) throw new TandemError('invalid_api_key');
  demand(principal, 'system.read');
}
