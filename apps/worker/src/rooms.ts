import { chainFor } from '@magictask/chains'
import type { Task } from '@magictask/contracts'
import { EMBEDDINGS, queueFor } from '@magictask/domain'
import type { OpenAdmission, Targets } from '@magictask/models'
import type { RunningTasks } from './running-tasks.ts'

export interface RoomsDeps {
  readonly admission: Pick<OpenAdmission, 'room'>
  readonly targets: Pick<Targets, 'limits' | 'routes'>
  readonly running: RunningTasks
}

/**
 * How much room there is for more tasks. What was let in and does not ask for a slot yet, because its claim is under way or its
 * prompt is not written, has taken its room: partitions that are looked at side by side let in no more than one of them would.
 */
export class Rooms {
  readonly #deps: RoomsDeps
  readonly #letIn = new Set<Task>()

  constructor(deps: RoomsDeps) {
    this.#deps = deps
  }

  /** Those that were let in and are not claimed yet. */
  get letIn(): Iterable<Task> {
    return this.#letIn
  }

  /** How many more calls for such a task are likely to start within a moment; infinite where nothing is limited. */
  left(task: Task): number {
    return Math.min(this.toAnswer(task), this.toEmbed(task))
  }

  /** The same of calls that answer. */
  toAnswer(task: Task): number {
    const room = this.#deps.admission.room({ queue: queueFor(task.tier), magicType: task.magicType })
    return room === Number.POSITIVE_INFINITY ? room : room - this.#callsOnTheirWay(this.#nameOf(task))
  }

  /** The same of calls that embed; infinite where such a task needs none. */
  toEmbed({ magicType }: Task): number {
    if (!this.#embeds(magicType)) return Number.POSITIVE_INFINITY
    const onTheirWay = [...this.#letIn].filter((task) => this.#embeds(task.magicType)).length
    return this.#deps.admission.room({ queue: EMBEDDINGS, magicType }) - onTheirWay
  }

  enter(task: Task): void {
    this.#letIn.add(task)
  }

  /** It is claimed, or it is not and will not be. */
  leave(task: Task): void {
    this.#letIn.delete(task)
  }

  /** Whether a task of this type needs embeddings that are calls. */
  #embeds(magicType: string): boolean {
    return this.#deps.targets.routes.has(EMBEDDINGS) && chainFor(magicType)?.embeds === true
  }

  /** Tasks of one name share their room: those of a queue, without those whose type has a limit of its own. */
  #nameOf({ tier, magicType }: Task): string {
    const queue = queueFor(tier)
    return this.#deps.targets.limits.magicTypes.has(magicType) ? `${queue} ${magicType}` : queue
  }

  #callsOnTheirWay(name: string): number {
    let calls = 0
    for (const task of this.#letIn) if (this.#nameOf(task) === name) calls += task.num_suggestions
    for (const { task, asksForSlot, places } of this.#deps.running.values())
      if (!asksForSlot && this.#nameOf(task) === name) calls += places
    return calls
  }
}
