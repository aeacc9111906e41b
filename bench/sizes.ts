/** Model calls at once: of the worker, and of every bare loop. */
export const SLOTS = 64

/** How much is measured. */
export interface Sizes {
  readonly rounds: number
  /** Tasks before any that is measured, for the compilers' sake; as many calls for the bare loops. */
  readonly warmUp: number
  /** Tasks before the first round, for Kafka's compilers. */
  readonly warmUpOfServers: number
  readonly tasksAtOnce: number
  readonly tasksAt300Ms: number
  readonly alone: number
  readonly rateSeconds: number
  readonly waiting: number
  /** Tasks that wait behind those that are measured, and the longest backlog of a tenant among others. */
  readonly backlog: number
  readonly mostOfATenant: number
  /** While limits hold: tasks, and workers that are killed. */
  readonly limitTasks: number
  readonly kills: number
  /** How long it is watched how much of a limit is in use. */
  readonly inUseSeconds: number
  /** While a provider is away, and for how long. */
  readonly outageTasks: number
  readonly outageSeconds: number
}

/** What the figures ask for. */
export const FULL: Sizes = {
  rounds: 3,
  warmUp: 2_000,
  warmUpOfServers: 40_000,
  tasksAtOnce: 6_000,
  tasksAt300Ms: 2_000,
  alone: 50,
  rateSeconds: 20,
  waiting: 100_000,
  backlog: 1_000_000,
  mostOfATenant: 50_000,
  limitTasks: 1_000,
  kills: 6,
  inUseSeconds: 20,
  outageTasks: 2_000,
  outageSeconds: 60,
}

/** To see that it runs; its figures are rough. */
export const QUICK: Sizes = {
  rounds: 1,
  warmUp: 1_000,
  warmUpOfServers: 2_000,
  tasksAtOnce: 2_000,
  tasksAt300Ms: 640,
  alone: 10,
  rateSeconds: 5,
  waiting: 10_000,
  backlog: 1_000_000,
  mostOfATenant: 5_000,
  limitTasks: 400,
  kills: 3,
  inUseSeconds: 10,
  outageTasks: 1_000,
  outageSeconds: 30,
}
