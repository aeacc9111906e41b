import { BATCH_STATUSES, FAULTS, type Fault, type FaultCode, TASK_STATE_KINDS } from '@magictask/domain'
import { z } from 'zod'

/** Every code that a problem may carry. */
export const FAULT_CODES = Object.keys(FAULTS).filter(isFaultCode)

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULTS, code)
}

/** What every error answers with: RFC 9457, `application/problem+json`. */
export const Problem = z
  .strictObject({
    type: z.string().meta({ description: 'A URN that names the kind of problem; it ends in `code`.' }),
    title: z.string().meta({ description: 'What the code means, the same every time.' }),
    status: z.int().meta({ description: 'The HTTP status.' }),
    detail: z.string().meta({ description: 'What is wrong in this case, and what to do.' }),
    instance: z.string().meta({ description: 'Names this one answer by its X-Request-Id.' }),
    code: z.enum(FAULT_CODES).meta({ description: 'What went wrong: a closed set, for programs.' }),
    errors: z
      .array(z.strictObject({ pointer: z.string(), detail: z.string() }))
      .max(100)
      .optional()
      .meta({ description: 'The first 100 things that are wrong with the body, each by its JSON pointer.' }),
    errors_total: z.int().optional().meta({ description: 'How many things are wrong with the body, all told.' }),
    task_status: z.enum(TASK_STATE_KINDS).optional().meta({ description: 'The state that the task has.' }),
    batch_status: z.enum(BATCH_STATUSES).optional().meta({ description: 'The state that the batch has.' }),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

/** A fault as the caller sees it. Of its facts only those go out that `Problem` names; never its cause. */
export function problemOf(fault: Fault, requestId: string): Problem {
  const { errors_total, task_status, batch_status } = fault.facts
  return Problem.parse({
    type: `urn:magictask:problem:${fault.code}`,
    title: FAULTS[fault.code].says,
    status: fault.http,
    detail: fault.message,
    instance: `urn:magictask:request:${requestId}`,
    code: fault.code,
    ...(fault.errors.length === 0 ? {} : { errors: fault.errors, errors_total: errors_total ?? fault.errors.length }),
    ...(task_status === undefined ? {} : { task_status }),
    ...(batch_status === undefined ? {} : { batch_status }),
  })
}
