import { FAULTS, TaskId, TERMINAL_KINDS, type TerminalKind } from '@magictask/domain'
import { z } from 'zod'
import type { Contract } from '../contract.ts'
import { jsonText, objectText } from '../json-text.ts'

/*
  topic     KAFKA_RESULT_TOPIC
  key       task_id
  value     task_id          UUIDv7
            results          the array that GET /tasks/{task_id} shows, byte for byte; [] when there is none
            status           succeeded | failed | cancelled | expired
            error            optional: {code, detail}, why it did not succeed
            degraded_reason  optional: {code, detail}, why a result is a stand-in and not a model's answer
  writer    worker after a settle, relay for what is left in the outbox; at least once, always the same bytes
  reader    every api replica, which wakes who waits for task_id; whoever else wants the results
  changes   a new optional field stays v1; a new meaning is result.v2.ts
*/
const Reason = z.object({ code: z.enum(Object.keys(FAULTS)), detail: z.string() })

const Result = z.object({
  task_id: TaskId,
  results: z.array(z.unknown()),
  status: z.enum(TERMINAL_KINDS),
  error: Reason.optional(),
  degraded_reason: Reason.optional(),
})

/** How a task ended. Written by `resultRecord` alone, for the sake of its bytes. */
export const resultV1: Contract<typeof Result> = { type: 'magictask.result.v1', schema: Result }

/** The value of a result record, of texts as they are stored: whoever publishes it, the bytes are the same. */
export function resultRecord(ended: {
  readonly taskId: TaskId
  readonly status: TerminalKind
  /** JSON text. */
  readonly results: string
  /** JSON text. */
  readonly error?: string
  /** JSON text. */
  readonly degradedReason?: string
}): string {
  return objectText({
    task_id: ended.taskId,
    results: jsonText(ended.results),
    status: ended.status,
    error: ended.error === undefined ? undefined : jsonText(ended.error),
    degraded_reason: ended.degradedReason === undefined ? undefined : jsonText(ended.degradedReason),
  })
}
