import { hash } from 'node:crypto'
import type { TenantId } from '@magictask/domain'
import { z } from 'zod'
import type { AnswerFormat } from '../ask.ts'

/** All that decides an answer, but for who gives it. */
export interface AnswerQuestion {
  readonly tenant: TenantId
  readonly magicType: string
  readonly promptVersion: number
  readonly format: AnswerFormat
  /** What the prompt and the result are made of: content, parameters, what the chain looked up. */
  readonly input: unknown
  readonly suggestion: number
}

/** The name under which the answer to a question is kept: a SHA-256, so that it tells nothing of the question, and no tenant meets another's. */
export function answerKey(question: AnswerQuestion): string {
  const { tenant, magicType, promptVersion, format, input, suggestion } = question
  const all = [tenant, magicType, promptVersion, schemaText(format), input, suggestion]
  return hash('sha256', JSON.stringify(all), 'base64url')
}

/** The whole schema: providers see less of it, but all of it decides what is valid. */
function schemaText(format: AnswerFormat): string {
  const known = texts.get(format)
  if (known !== undefined) return known
  const text = JSON.stringify([format.name, z.toJSONSchema(format.schema)])
  texts.set(format, text)
  return text
}

/** Made once a format. */
const texts = new WeakMap<AnswerFormat, string>()
