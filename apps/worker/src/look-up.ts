import type { Chain, ChainInput, EmbeddingTurns, Sources } from '@magictask/chains'
import { broke, Fault, NEVER_ASKED, type Verdict } from '@magictask/domain'
import type { ShareDeps } from './ask-shared.ts'
import { afterStop } from './ask-suggestion.ts'
import { embedInTurn, NotEmbedded } from './embed-in-turn.ts'
import { begin, finish, type RunningTask } from './running-tasks.ts'

export interface LookUpDeps extends ShareDeps {
  /** What chains look things up in before they ask. */
  readonly sources: Sources
  /** Whether embeddings are calls of a model here; else they are made in the process, for nothing. */
  readonly embeds: boolean
}

/** What a chain looked up for a task; or, where that could not be had, the verdict about all that the task still misses. */
export type LookedUp = { readonly found: Pick<ChainInput, 'candidates'> } | { readonly verdict: Verdict }

/** Looks up what a chain needs beside the content. It may ask servers of its own: unless it waits for its turn there, the task does not wait for a slot. */
export async function lookUp(deps: LookUpDeps, running: RunningTask, { context }: Chain): Promise<LookedUp> {
  if (context === undefined) return { found: {} }
  const { tenant, content } = running.task
  using work = workOf(deps, running)
  try {
    return { found: await context(sourcesOf(deps, running, work), { tenant, content }, running.stopping.signal) }
  } catch (error) {
    return { verdict: error instanceof NotEmbedded ? error.verdict : afterThrow(deps, running, error) }
  }
}

/** What went wrong before the first call counts by the task's tries: it must end some time. */
export function afterThrow(deps: Pick<LookUpDeps, 'retry'>, running: RunningTask, error: unknown): Verdict {
  const { tries } = running.claim
  if (running.stopping.signal.aborted) return afterStop(deps, running, { asked: { ...NEVER_ASKED, calls: tries } })
  return broke(Fault.from(error, 'worker.defect'), { ...NEVER_ASKED, calls: tries + 1 })
}

/** What is looked up for a task, as far as it is under way: waiting for a call is not. */
interface Work extends Disposable {
  readonly onWait: EmbeddingTurns['onWait']
}

function workOf({ clock }: LookUpDeps, running: RunningTask): Work {
  let isOver = false
  let isUnderWay = false
  const turn = (to: boolean) => {
    if (to === isUnderWay) return
    isUnderWay = to
    if (to) begin(running)
    else finish(running, clock.elapsedMs())
  }
  turn(true)
  return {
    onWait: (isWaiting) => {
      // One who was stopped is told of what goes on for others.
      if (!isOver) turn(!isWaiting)
    },
    [Symbol.dispose]() {
      isOver = true
      turn(false)
    },
  }
}

/** The sources of one task, whose embeddings are calls of this task. */
function sourcesOf(deps: LookUpDeps, running: RunningTask, { onWait }: Work): Sources {
  const { sources, embeds } = deps
  if (!embeds) return sources
  const turns: EmbeddingTurns = { embed: embedInTurn(deps, running), signal: running.stopping.signal, onWait }
  return { catalogue: { candidates: (search) => sources.catalogue.candidates({ ...search, turns }) } }
}
