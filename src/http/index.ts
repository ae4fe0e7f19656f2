export { createServer, type ServerOptions } from './create-server.ts';
export type { HttpServer } from './assemble.ts';
export type { Doctor, LedgerDoor, LedgerStatus, ModelsDoor } from './faces.ts';
export type { FinishedCall, Metrics } from './metrics/metrics.ts';
export { openApiDocument } from './openapi/document.ts';
