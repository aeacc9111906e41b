import { z } from 'zod'
import { similarity } from '../embed.ts'
import { offlineEmbedding } from '../offline-embeddings.ts'

/** The candidate that a text fits best, `null` (as in JSON) when none does. */
export interface Match {
  readonly sku: string | null
  readonly confidence: number
}

/** Below this, texts share no more than any two do. */
const LEAST_ALIKE = 0.2

const Candidates = z.array(z.object({ sku: z.string(), description: z.string() }))

/** Chooses among candidates, given as JSON, by the words that they share with the content. */
export function matchAmong(content: string, candidates: string | undefined): Match {
  const wanted = offlineEmbedding(content)
  let best: Match = { sku: null, confidence: 0 }
  for (const { sku, description } of readCandidates(candidates)) {
    const confidence = Math.round(100 * similarity(wanted, offlineEmbedding(description))) / 100
    if (confidence >= LEAST_ALIKE && confidence > best.confidence) best = { sku, confidence: Math.min(confidence, 1) }
  }
  return best
}

function readCandidates(candidates: string | undefined): z.infer<typeof Candidates> {
  try {
    return Candidates.safeParse(JSON.parse(candidates ?? '[]')).data ?? []
  } catch {
    return []
  }
}
