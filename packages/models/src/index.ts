export * from './admission.ts'
export * from './ask.ts'
export {
  type AnswerCache,
  type CacheOptions,
  type Fits,
  type KnownAnswer,
  openAnswerCache,
} from './cache/answer-cache.ts'
export * from './cache/answer-key.ts'
export * from './cache/cache-variables.ts'
export * from './config/model-variables.ts'
export * from './config/models-config.ts'
export * from './config/read-models-config.ts'
export * from './content-block.ts'
export * from './embed.ts'
export * from './embedders.ts'
export * from './embedding-texts.ts'
export * from './json-schema.ts'
export type { AwayTarget } from './limits/away-teller.ts'
export * from './limits/fleet.ts'
export * from './limits/open-admission.ts'
export * from './measured-ask.ts'
export * from './offline-embeddings.ts'
export * from './open-targets.ts'
export * from './prices.ts'
export * from './target.ts'
