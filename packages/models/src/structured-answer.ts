import { FAULTS, type FaultCode } from '@magictask/domain'
import type { z } from 'zod'
import type { AskRequest } from './ask.ts'
import type { ModelReply } from './model-reply.ts'

/** What a reply is worth: JSON text in the format's shape, or the fault that makes it worthless. */
export type Reading =
  | { readonly kind: 'answered'; readonly json: string }
  | { readonly kind: 'broke'; readonly fault: FaultCode; readonly detail: string }

/**
 * Reads a reply as an answer. The JSON is written anew from what the schema gave, so the same answer is the same
 * bytes however the model spaced and ordered it. A detail says where an answer is wrong, never what it says.
 */
export function readAnswer(reply: ModelReply, request: Pick<AskRequest, 'format' | 'conclude'>): Reading {
  if (reply.refused || reply.finishReason === 'content_filter') return broke('answer.refused')
  if (reply.finishReason === 'length') return broke('answer.truncated')
  if (reply.text.trim() === '') return broke('answer.empty')

  const parsed = parseJson(reply.text)
  if (parsed === undefined) return broke('answer.not_json')
  const read = request.format.schema.safeParse(parsed.value)
  if (!read.success) return broke('answer.schema_mismatch', whereItIsWrong(read.error))
  const result = request.conclude === undefined ? read.data : request.conclude(read.data)
  if (result === undefined) return broke('answer.schema_mismatch', ' (it says what cannot be here)')
  return { kind: 'answered', json: JSON.stringify(result) }
}

function broke(fault: FaultCode, more = ''): Reading {
  return { kind: 'broke', fault, detail: FAULTS[fault].says + more }
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const ISSUES_SHOWN = 3

/** Places and kinds only: a schema's message may quote the answer, and a key may be the model's own invention. */
function whereItIsWrong(error: z.ZodError): string {
  const shown = error.issues
    .slice(0, ISSUES_SHOWN)
    .map((issue) => `${issue.code} at /${issue.path.map(safeKey).join('/')}`)
  return ` (${shown.join(', ')})`
}

function safeKey(key: PropertyKey): string {
  const text = String(key)
  return /^\w{1,40}$/.test(text) ? text : '?'
}
