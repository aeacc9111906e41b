import { FAULTS, type FaultCode } from '@magictask/domain'
import type { z } from 'zod'
import type { AskRequest, Broke } from './ask.ts'
import { mendJson } from './mend-json.ts'
import type { ModelReply } from './model-reply.ts'

/** What a reply is worth: JSON text in the format's shape, or the fault that makes it worthless. */
export type Reading =
  | { readonly kind: 'answered'; readonly json: string; readonly mended?: true }
  | Omit<Broke, 'retryAfterMs'>

type Shape = Pick<AskRequest, 'format' | 'conclude'>

/**
 * Reads a reply as an answer. The JSON is written anew from what the schema gave, so the same answer is the same
 * bytes however the model spaced and ordered it. What is not JSON is mended if that takes no guess at what is missing:
 * never when it was cut off. A detail says where an answer is wrong, never what it says.
 */
export function readAnswer(reply: ModelReply, shape: Shape): Reading {
  if (reply.refused || reply.finishReason === 'content_filter') return broke('answer.refused')
  const isCutOff = reply.finishReason === 'length'
  const read = readText(reply.text, isCutOff, shape)
  if (read.kind === 'answered' || read.fault === 'answer.truncated' || reply.beside === undefined) return read
  const beside = readText(reply.beside, isCutOff, shape)
  return beside.kind === 'answered' ? beside : read
}

function readText(text: string, isCutOff: boolean, shape: Shape): Reading {
  const parsed = parseJson(text)
  if (parsed === undefined) {
    if (isCutOff) return broke('answer.truncated')
    return text.trim() === '' ? broke('answer.empty') : readMended(text, shape)
  }
  const fit = fitInto(shape, parsed.value)
  if (fit.kind === 'fits') return { kind: 'answered', json: fit.json }
  return isCutOff ? broke('answer.truncated') : broke('answer.schema_mismatch', fit.where, text)
}

/** Of two values that fit, one may be a draft, an example or the content itself, and nobody knows which. */
function readMended(text: string, shape: Shape): Reading {
  const mended = mendJson(text)
  if (mended.kind === 'cut-off') return broke('answer.truncated')
  const fits = mended.values.map((value) => fitInto(shape, value))
  const [json, other] = new Set(fits.flatMap((fit) => (fit.kind === 'fits' ? [fit.json] : [])))
  if (json !== undefined && other === undefined) return { kind: 'answered', json, mended: true }
  const wrong = fits.findLast((fit) => fit.kind === 'differs')
  if (json !== undefined || wrong === undefined) return broke('answer.not_json', '', text)
  return broke('answer.schema_mismatch', wrong.where, text)
}

type Fit = { readonly kind: 'fits'; readonly json: string } | { readonly kind: 'differs'; readonly where: string }

function fitInto({ format, conclude }: Shape, value: unknown): Fit {
  const read = format.schema.safeParse(value)
  if (!read.success) return { kind: 'differs', where: whereItIsWrong(read.error) }
  const result = conclude === undefined ? read.data : conclude(read.data)
  if (result === undefined) return { kind: 'differs', where: ' (it says what cannot be here)' }
  return { kind: 'fits', json: JSON.stringify(result) }
}

/** As much of it as a model needs to see to mend it. */
const SAID_CHARACTERS = 16_000

function broke(fault: FaultCode, more = '', said = ''): Reading & { readonly kind: 'broke' } {
  // What is cut may be half a character, which no JSON can say.
  const words = said === '' ? {} : { said: said.slice(0, SAID_CHARACTERS).toWellFormed() }
  return { kind: 'broke', fault, detail: FAULTS[fault].says + more, ...words }
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
