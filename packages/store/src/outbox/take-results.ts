import type { TaskId, TerminalKind } from '@magictask/domain'
import { type Queries, repeatOnDeadlock } from '../database.ts'

/** What a result record is made of: texts as they were stored, so that its bytes are always the same. */
export interface StoredResult {
  readonly taskId: TaskId
  readonly status: TerminalKind
  readonly results: string
  readonly error?: string
  readonly degradedReason?: string
}

interface Row {
  readonly task_id: TaskId
  readonly status: TerminalKind
  readonly results: string
  readonly error: string | null
  readonly degraded_reason: string | null
}

/** Results that stand unannounced for at least `olderThanMs`, those of the oldest tasks first. They stay until `clearResults`. */
export async function takeResults(
  db: Queries,
  options: { readonly olderThanMs: number; readonly limit: number },
): Promise<readonly StoredResult[]> {
  const waiting = await db.query<{ task_id: TaskId }>(
    `select task_id from result_outbox where created_at <= now() - $1 * interval '1 ms' order by task_id limit $2`,
    [options.olderThanMs, options.limit],
  )
  if (waiting.length === 0) return []
  const rows = await db.query<Row>(TAKE, [waiting.map((row) => row.task_id)])
  return rows.map(({ task_id, status, results, error, degraded_reason: reason }) => ({
    taskId: task_id,
    status,
    results,
    ...(error === null ? {} : { error }),
    ...(reason === null ? {} : { degradedReason: reason }),
  }))
}

const TAKE = `select task_id, status, results, error, degraded_reason from results where task_id = any($1)`

// In id order: worker and relay may clear the same rows.
const CLEAR = `
delete from result_outbox o
using (select task_id from result_outbox where task_id = any($1) order by task_id for update) as held
where o.task_id = held.task_id`

/** Once Kafka has acknowledged their records. */
export async function clearResults(db: Queries, taskIds: readonly TaskId[]): Promise<void> {
  await repeatOnDeadlock(() => db.query(CLEAR, [taskIds]))
}
