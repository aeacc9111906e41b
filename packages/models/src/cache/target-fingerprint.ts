import { hash } from 'node:crypto'
import type { EmbeddingsConfig, ModelConfig, ProviderConfig } from '../config/models-config.ts'

/**
 * Tells apart the same model under settings that decide what it answers: where it is asked, how, and with which parameters.
 * Not by whose key, for how long, or at what price. Made once a target.
 */
export function targetFingerprint({ kind, baseUrl }: ProviderConfig, model: ModelConfig): string {
  const { name, capabilities, quirks, parameters } = model
  return hash('sha256', JSON.stringify([kind, baseUrl, name, capabilities.structured, quirks, parameters]), 'base64url')
}

/** The same of a model that embeds. */
export function embeddingsFingerprint({ baseUrl, model }: EmbeddingsConfig, dimensions: number | undefined): string {
  return hash('sha256', JSON.stringify(['embeddings', baseUrl, model, dimensions]), 'base64url')
}
