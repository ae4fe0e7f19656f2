export { createLocalEngine, type LocalEngineOptions } from './engine.ts';
export type { ChatMessage, EngineEvent, EngineState, GenerateRequest, GenerationCounts, LocalEngine } from './local-engine.ts';
export { engineLimits, type EngineLimits } from './limits.ts';
export { ensureWeights, weightSource, type EnsureWeightsOptions, type WeightProgress, type WeightSource } from './weights.ts';
export { DEFAULT_MODEL } from './default-model.ts';
