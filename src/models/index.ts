export { Models, createModels, type ListedModel, type ModelsOptions } from './models.ts';
export type { ChatInput } from './chat-call.ts';
export type { ContentHead, ContentStore, ContentWriter, NewContent, Purpose, StoredContent } from './content/index.ts';
export type { ReplySink } from './reply-sink.ts';
export type { NewAlias } from './registry/aliases.ts';
export type { BackendCheck } from './registry/check-backend.ts';
export { BACKEND_KINDS } from './registry/target.ts';
export type { BackendView, HealthView, ModelView } from './registry/views.ts';
export { createLocalEngine, ensureWeights, weightSource, type EngineState, type LocalEngine, type WeightProgress, type WeightSource } from './local/index.ts';
