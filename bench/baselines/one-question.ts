import { chainFor } from '@magictask/chains'
import { NEVER_ASKED, RETRY, TenantId } from '@magictask/domain'
import { type Fleet, openAdmission, openAnswerCache, openTargets, readModelsConfig } from '@magictask/models'
import { createTelemetry, newBatchId, newTaskId, noLog, systemClock } from '@magictask/runtime'
import { answerSuggestion, createRetryBudgets, type ShareDeps, type UnwrittenQuestion } from '@magictask/worker'

/**
 * One suggestion as a worker asks for it: the cache, routing, limits, breaker, the call, validation, usage; without
 * Kafka and PostgreSQL. `cached`: the same content each time, so that all but the first are found again.
 */
export async function oneQuestion(
  baseUrl: string,
  { cached }: { readonly cached: boolean },
): Promise<(content: string) => Promise<unknown>> {
  const deps = await depsFor(baseUrl)
  const chain = chainFor('title_optimize')
  if (chain === undefined) throw new Error('the chain is there')
  let made = 0
  return async (content) => {
    // Contents come again after the warm-up; only what is to be found again may be the same.
    const input = { content: cached ? 'the same' : `${content} ${made++}`, params: {} }
    const question: UnwrittenQuestion = {
      running: runningTask(input.content),
      queue: 'text.paid',
      chain,
      input,
      write: async () => ({ messages: await chain.prompt(input), needs: { contextTokens: 500, vision: false } }),
      suggestion: 0,
      asked: NEVER_ASKED,
      isShared: true,
    }
    const verdict = await answerSuggestion(deps, question)
    if (verdict.kind !== 'done') throw new Error(`no answer: ${verdict.kind}`)
  }
}

async function depsFor(baseUrl: string): Promise<ShareDeps> {
  const ground = { clock: systemClock, log: noLog, telemetry: createTelemetry({ processMetrics: false }) }
  const config = readModelsConfig({ OPENAI_API_KEY: 'sk-bench', OPENAI_BASE_URL: baseUrl })
  const targets = await openTargets(config, ground)
  const admission = openAdmission({ ...ground, ...targets, slots: SLOTS, fleet: ALONE, onRecovered: () => undefined })
  return {
    ...ground,
    admission,
    cache: openAnswerCache({ ...ground, ...targets, ttlMs: HOUR_MS, memoryBytes: MEMORY_BYTES }),
    flights: new Map(),
    retry: { ...RETRY, random: Math.random },
    retryBudgets: createRetryBudgets(systemClock),
    mayCall: () => true,
    recordCall: () => undefined,
  }
}

const SLOTS = 1_000
const HOUR_MS = 3_600_000
const MEMORY_BYTES = 64 * 1024 * 1024

/** Nothing is limited and nothing breaks, so nobody has to be told. */
const ALONE: Fleet = {
  trade: async () => ({ slots: [], rates: [] }),
  readTargets: async () => ({ targets: [], learned: new Map(), workers: 1 }),
  changeTarget: async () => undefined,
  addLearned: async () => undefined,
}

/** Ids come with the task, and are no part of what asking costs. */
const taskId = newTaskId()
const batchId = newBatchId()

function runningTask(content: string): UnwrittenQuestion['running'] {
  return {
    task: {
      task_id: taskId,
      batch_id: batchId,
      tenant: TenantId.parse('bench'),
      tier: 'paid',
      lane: 'normal',
      campaignSn: 'bench',
      magicType: 'title_optimize',
      content,
      num_suggestions: 1,
      submitted_at: new Date(0),
    },
    claim: {
      kind: 'claimed',
      taskId,
      fence: 1,
      tries: 0,
      suspect: false,
      cost: 300,
      answers: new Map(),
      calls: [],
    },
    claimedAtMs: 0,
    stopping: new AbortController(),
    wasAsked: false,
    asksForSlot: false,
    underWay: 0,
    idleSinceMs: 0,
    tokens: 0,
    places: 1,
  }
}
