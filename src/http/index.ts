export { createServer, type ServerOptions } from './create-server.ts';
export type { HttpServer } from './assemble.ts';
export type { Doctor, LedgerDoor, LedgerStatus, ModelsDoor } from './faces.ts';
export { Metrics } from './metrics/metrics.ts';
export { watchCalls } from './metrics/watch-calls.ts';
export { openApiDocument } from './openapi/document.ts';
