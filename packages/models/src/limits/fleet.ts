import type { TargetChange, TargetState, TargetStates, Trade, Traded } from '@magictask/domain'

/** What all workers share, wherever it is kept. */
export interface Fleet {
  /** Undefined when this worker was taken for dead: what it held is others' now. */
  trade(trade: Trade): Promise<Traded | undefined>
  readTargets(): Promise<TargetStates>
  /** Undefined when somebody else changed it first. */
  changeTarget(change: TargetChange): Promise<TargetState | undefined>
  /** Adds what this worker saw a target take to what was learned of it just now. */
  addLearned(bucket: string, perSecond: number): Promise<void>
}
