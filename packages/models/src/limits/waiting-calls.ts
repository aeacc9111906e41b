import type { Queue } from '@magictask/domain'
import type { Admitted, CallWish } from '../admission.ts'
import type { CallKind } from './call-kinds.ts'

/** A call that waits for somebody who can take it. */
export interface WaitingCall {
  readonly wish: CallWish
  readonly kind: CallKind
  /** Aborts when the call is wanted no more. */
  readonly signal: AbortSignal
  readonly place: number
  readonly admit: (admitted: Admitted) => void
}

/** The calls that wait, those of each kind in the order in which they came. They hold nothing. */
export class WaitingCalls {
  readonly #kinds = new Map<CallKind, Set<WaitingCall>>()
  #places = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The kinds of which calls wait, each with its first and how many there are. */
  *kinds(): Generator<{ readonly first: WaitingCall; readonly count: number }> {
    for (const calls of this.#kinds.values()) {
      const [first] = calls
      if (first !== undefined) yield { first, count: calls.size }
    }
  }

  /** How many calls of a queue wait. */
  countOf(queue: Queue): number {
    let count = 0
    for (const [{ route }, calls] of this.#kinds) if (route.queue === queue) count += calls.size
    return count
  }

  has(kind: CallKind): boolean {
    return this.#kinds.has(kind)
  }

  add(call: Omit<WaitingCall, 'place'>): WaitingCall {
    const waiting = { ...call, place: this.#places++ }
    const calls = this.#kinds.get(call.kind) ?? new Set()
    this.#kinds.set(call.kind, calls.add(waiting))
    this.#size += 1
    return waiting
  }

  remove(call: WaitingCall): void {
    const calls = this.#kinds.get(call.kind)
    if (calls?.delete(call) !== true) return
    this.#size -= 1
    if (calls.size === 0) this.#kinds.delete(call.kind)
  }
}
