import type { FaultCode } from './fault.ts'
import type { WorkerId } from './ids.ts'

/** Numbers that a task keeps for life. The fence rises with every claim; the others count and never fall. */
export interface Counts {
  readonly fence: number
  /** Workers lost while they ran it. */
  readonly deaths: number
  /** Claims that ended in a verdict. */
  readonly tries: number
}

/** What a task is, and only what that state can know: no worker unless running, no fault unless failed. */
export type TaskState =
  | (Counts & { readonly kind: 'queued' })
  | (Counts & { readonly kind: 'running'; readonly worker: WorkerId })
  | (Counts & { readonly kind: 'succeeded' })
  | (Counts & { readonly kind: 'failed'; readonly fault: FaultCode })
  | (Counts & { readonly kind: 'cancelled' })
  | (Counts & { readonly kind: 'expired' })

/** The name of a state, as callers see it. */
export type TaskStateKind = TaskState['kind']
export type StateOf<Kind extends TaskStateKind> = Extract<TaskState, { kind: Kind }>

/** The whole life of a task. Nothing leaves a terminal state: a replay is a new task. */
const NEXT = {
  queued: ['running', 'cancelled', 'expired'],
  running: ['queued', 'succeeded', 'failed', 'cancelled', 'expired'],
  succeeded: [],
  failed: [],
  cancelled: [],
  expired: [],
} as const satisfies Record<TaskStateKind, readonly TaskStateKind[]>

export type NextKind<From extends TaskStateKind> = (typeof NEXT)[From][number]

/** The states of which nothing comes any more, in the order in which they are listed everywhere. */
export const TERMINAL_KINDS = [
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const satisfies readonly TaskStateKind[]
export type TerminalKind = (typeof TERMINAL_KINDS)[number]

/** Every state, in the order in which they are listed everywhere. */
export const TASK_STATE_KINDS = ['queued', 'running', ...TERMINAL_KINDS] as const satisfies readonly TaskStateKind[]

/** The states that may follow directly; none for a terminal one. */
export function nextKinds(from: TaskStateKind): readonly TaskStateKind[] {
  return NEXT[from]
}

/** Whether nothing comes after it. */
export function isTerminal(kind: TaskStateKind): kind is TerminalKind {
  return NEXT[kind].length === 0
}

/** When a task's worker deaths make it a suspect, of which a worker runs one at most, and when they are enough. Numbers of `PROTOCOL.md` 2. */
export const POISON = { suspectFrom: 2, failFrom: 5 } as const

/** Everything that can happen to a task once it is stored. Whoever is late or wrong is refused, not obeyed. */
export type TaskEvent =
  | { readonly kind: 'claim'; readonly worker: WorkerId }
  | { readonly kind: 'settle'; readonly fence: number; readonly to: 'succeeded' | 'expired' }
  | { readonly kind: 'settle'; readonly fence: number; readonly to: 'failed'; readonly fault: FaultCode }
  | { readonly kind: 'retry'; readonly fence: number }
  | { readonly kind: 'give-back'; readonly fence: number }
  | { readonly kind: 'worker-died'; readonly culprit: boolean }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'deadline-passed' }

/**
 * The model that the store is tested against: what each event makes of a task.
 * An event that does not apply, or names another fence, gives the same state back.
 */
export function happen(state: TaskState, event: TaskEvent): TaskState {
  if (isTerminal(state.kind)) return state
  const counts: Counts = { fence: state.fence, deaths: state.deaths, tries: state.tries }
  switch (event.kind) {
    case 'cancel':
      return { ...counts, kind: 'cancelled' }
    case 'claim':
      return state.kind === 'queued'
        ? { ...counts, kind: 'running', fence: state.fence + 1, worker: event.worker }
        : state
    case 'deadline-passed':
      return state.kind === 'queued' ? { ...counts, kind: 'expired' } : state
    case 'worker-died':
      return state.kind === 'running' ? afterDeath(counts, event.culprit) : state
    default:
      return state.kind === 'running' && state.fence === event.fence ? afterVerdict(counts, event) : state
  }
}

function afterDeath(counts: Counts, culprit: boolean): TaskState {
  const deaths = counts.deaths + (culprit ? 1 : 0)
  if (deaths >= POISON.failFrom) return { ...counts, deaths, kind: 'failed', fault: 'task.poison' }
  return { ...counts, deaths, kind: 'queued' }
}

type VerdictEvent = Extract<TaskEvent, { kind: 'settle' | 'retry' | 'give-back' }>

function afterVerdict(counts: Counts, event: VerdictEvent): TaskState {
  if (event.kind === 'give-back') return { ...counts, kind: 'queued' }
  const tried = { ...counts, tries: counts.tries + 1 }
  if (event.kind === 'retry') return { ...tried, kind: 'queued' }
  return event.to === 'failed' ? { ...tried, kind: 'failed', fault: event.fault } : { ...tried, kind: event.to }
}
