import { z } from 'zod'

/** Who pays how: decides which providers may answer. `premium` is an accepted spelling of `paid`. */
export const Tier = z.enum(['free', 'paid'])
export type Tier = z.infer<typeof Tier>

/** A task's priority; each lane is a Kafka topic of its own. */
export const LANES = ['high', 'normal', 'low'] as const
export const Lane = z.enum(LANES)
export type Lane = z.infer<typeof Lane>

/** Type of input and tier: which providers may answer. */
export const QUEUES = ['text.free', 'text.paid', 'vision.free', 'vision.paid'] as const
export type Queue = (typeof QUEUES)[number]

/** Whose calls embed what a task is about, before anything is asked. No task is of it: its calls are those of tasks of all queues. */
export const EMBEDDINGS = 'embeddings'

/** What calls are made for, and so who may take them: a queue of tasks, or embeddings. */
export const CALL_QUEUES = [...QUEUES, EMBEDDINGS] as const
export type CallQueue = (typeof CALL_QUEUES)[number]

/** The shares of the lanes when there is not room for all. None is ever shut out. */
export const LANE_WEIGHTS: Readonly<Record<Lane, number>> = { high: 8, normal: 3, low: 1 }

/** The lane of a task that does not say its priority; a magicType may have one of its own. */
const DEFAULT_LANES: {
  readonly tiers: Readonly<Record<Tier, Lane>>
  readonly magicTypes: Readonly<Record<string, Lane>>
} = {
  tiers: { free: 'normal', paid: 'normal' },
  magicTypes: {},
}

/** The priority that a task asks for decides, else its magicType's lane, else its tenant's tier. */
export function laneFor(task: {
  readonly priority?: Lane | undefined
  readonly tier: Tier
  readonly magicType: string
}): Lane {
  const ofType = Object.hasOwn(DEFAULT_LANES.magicTypes, task.magicType)
    ? DEFAULT_LANES.magicTypes[task.magicType]
    : undefined
  return task.priority ?? ofType ?? DEFAULT_LANES.tiers[task.tier]
}

/** Decides which providers may answer. */
export function queueFor(tier: Tier): Queue {
  return `text.${tier}`
}
