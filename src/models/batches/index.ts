export { BatchStore } from './batch-store.ts';
export { BatchWorker } from './batch-worker.ts';
export { Batches } from './batches.ts';
export { LineRunner, type AnswerLine } from './line-runner.ts';
