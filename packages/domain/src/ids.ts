import { z } from 'zod'

/** A task: one item of one batch. The unit that is claimed, retried, billed and reported. UUIDv7, so ids sort by time. */
export const TaskId = z.uuidv7().brand<'TaskId'>()
export type TaskId = z.infer<typeof TaskId>

/** A batch: what one request submitted. UUIDv7. */
export const BatchId = z.uuidv7().brand<'BatchId'>()
export type BatchId = z.infer<typeof BatchId>

/** A worker process. A fresh one at every start, and after every loss of its lease. */
export const WorkerId = z.uuid().brand<'WorkerId'>()
export type WorkerId = z.infer<typeof WorkerId>

/** One call of a model: the key of its usage row. UUIDv7. */
export const CallId = z.uuidv7().brand<'CallId'>()
export type CallId = z.infer<typeof CallId>

/** Whoever pays; often a token's `sub`, so e-mail addresses and URLs pass, blanks and control characters do not. */
export const TenantId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/)
  .brand<'TenantId'>()
export type TenantId = z.infer<typeof TenantId>

/** The time in a UUIDv7, in milliseconds since 1970 (RFC 9562, 5.7). */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** The smallest UUID, of any version, whose first 48 bits say `timeMs`: where a partition by time begins. */
export function firstIdAt(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
