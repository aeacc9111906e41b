import type { Clock } from '@magictask/runtime'
import { askThrough } from './ask-through.ts'
import { embeddingsFingerprint } from './cache/target-fingerprint.ts'
import { type EmbeddingsConfig, targetName } from './config/models-config.ts'
import { dimensionsOf, openOpenAiEmbeddings } from './openai-embeddings.ts'
import type { Target } from './target.ts'

/** The model that embeds, as something to ask. `name`: what it is called beside other models of the provider; its own name when left out. */
export function openEmbeddings(config: EmbeddingsConfig, clock: Clock, name = config.model): Target {
  const { provider, model, price } = config
  const known = { name, ...(price === undefined ? {} : { price }) }
  const send = openOpenAiEmbeddings(config, clock)
  return {
    ...known,
    name: targetName(provider, name),
    provider,
    model: name,
    capabilities: { structured: [], vision: false, streaming: false },
    fingerprint: embeddingsFingerprint(config, dimensionsOf(model)),
    ask: askThrough({ provider: { name: provider }, model: known, clock, send }),
  }
}

/** Under which name embeddings of a model are kept: others cannot be compared with them. */
export function embeddingsName(model: string): string {
  const dimensions = dimensionsOf(model)
  return dimensions === undefined ? model : `${model}/${dimensions}`
}
