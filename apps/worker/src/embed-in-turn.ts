import type { EmbeddingTurns } from '@magictask/chains'
import { ALL_SUGGESTIONS, type Asked, askedBy, EMBEDDINGS, leastContextTokens, type Verdict } from '@magictask/domain'
import {
  EMBEDDINGS_FORMAT,
  EMBEDDINGS_VERSION,
  type Embedding,
  embeddingsIn,
  embeddingsRequest,
  inRequests,
} from '@magictask/models'
import { answerSuggestion, type ShareDeps } from './ask-shared.ts'
import type { RunningTask } from './running-tasks.ts'

/** Embeddings could not be had in this claim of a task: the verdict says why, and what follows. */
export class NotEmbedded extends Error {
  override readonly name = 'NotEmbedded'
  readonly verdict: Verdict

  constructor(verdict: Verdict) {
    super('the embeddings could not be had')
    this.verdict = verdict
  }
}

/**
 * Embeds for a task: every request is a call like any other, admitted, repeated, recorded and paid as one of the task's. One
 * text is what is searched for: its embedding is kept with the answers, and a later claim finds it there.
 */
export function embedInTurn(deps: ShareDeps, running: RunningTask): EmbeddingTurns['embed'] {
  let asked = askedToEmbed(deps, running)
  return async (texts, onWait) => {
    const embeddings: Embedding[] = []
    onWait(true)
    try {
      for (const request of inRequests(texts)) {
        const verdict = await ask(deps, { running, texts: request, asked, onWait })
        if (verdict.kind !== 'done') throw new NotEmbedded(verdict)
        embeddings.push(...embeddingsIn(verdict.answer))
        asked = askedBy([], deps.retry)
      }
      return embeddings
    } finally {
      onWait(false)
    }
  }
}

/** What a task's embeddings have been through since the last that came: those serve the task as a whole, and each begins anew. */
export function askedToEmbed({ retry }: Pick<ShareDeps, 'retry'>, { claim }: RunningTask): Asked {
  const calls = claim.calls.filter(({ suggestion }) => suggestion === ALL_SUGGESTIONS)
  const since = calls.slice(calls.findLastIndex(({ outcome }) => outcome === 'answered') + 1)
  return askedBy(
    since.map(({ provider, model, outcome }) => ({ target: `${provider}/${model}` as const, outcome })),
    retry,
  )
}

/** How embeddings are asked for: nothing stands in for one. */
const EMBEDDER = { format: EMBEDDINGS_FORMAT, promptVersion: EMBEDDINGS_VERSION }

interface Request {
  readonly running: RunningTask
  readonly texts: readonly string[]
  readonly asked: Asked
  readonly onWait: (isWaiting: boolean) => void
}

function ask(deps: ShareDeps, { running, texts, asked, onWait }: Request): Promise<Verdict> {
  const { messages } = embeddingsRequest(texts)
  const needs = { contextTokens: leastContextTokens(texts), vision: false }
  return answerSuggestion(deps, {
    running,
    queue: EMBEDDINGS,
    chain: EMBEDDER,
    input: { content: texts.join('\n'), params: {} },
    write: async () => ({ messages, needs }),
    suggestion: ALL_SUGGESTIONS,
    asked,
    isShared: texts.length === 1,
    onCall: (isUnderWay) => onWait(!isUnderWay),
  })
}
