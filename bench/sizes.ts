/** Model calls at once: of the worker, and of every bare loop. */
export const SLOTS = 64

/** How much is measured. */
export interface Sizes {
  readonly rounds: number
  /** Tasks before any that is measured, for the compilers' sake; as many calls for the bare loops. */
  readonly warmUp: number
  readonly tasksAtOnce: number
  readonly tasksAt300Ms: number
  readonly alone: number
  readonly rateSeconds: number
  readonly waiting: number
}

/** What the figures ask for. */
export const FULL: Sizes = {
  rounds: 3,
  warmUp: 2_000,
  tasksAtOnce: 6_000,
  tasksAt300Ms: 2_000,
  alone: 50,
  rateSeconds: 20,
  waiting: 100_000,
}

/** To see that it runs; its figures are rough. */
export const QUICK: Sizes = {
  rounds: 1,
  warmUp: 1_000,
  tasksAtOnce: 2_000,
  tasksAt300Ms: 640,
  alone: 10,
  rateSeconds: 5,
  waiting: 10_000,
}
