import type { AnswerFormat, Message } from './ask.ts'
import { jsonSchemaOf } from './json-schema.ts'

/** The same prompt for a model that has to be told in words what shape its answer has. It always holds the word JSON: JSON object mode is refused without it. */
export function withSchemaInPrompt(messages: readonly Message[], format: AnswerFormat): readonly Message[] {
  return withInstruction(messages, instructionFor(format))
}

/** The same prompt with a sentence more for the system: many a server takes only one system message, the first. */
export function withInstruction(messages: readonly Message[], instruction: string): readonly Message[] {
  const [first, ...rest] = messages
  if (first?.role !== 'system') return [{ role: 'system', text: instruction }, ...messages]
  return [{ role: 'system', text: `${first.text}\n\n${instruction}` }, ...rest]
}

/** Made once a format. */
function instructionFor(format: AnswerFormat): string {
  const known = made.get(format)
  if (known !== undefined) return known
  const schema = JSON.stringify(jsonSchemaOf(format))
  const instruction = `Answer with one JSON object and nothing else, no code fence and no explanation. It has to fit this JSON Schema:\n${schema}`
  made.set(format, instruction)
  return instruction
}

const made = new WeakMap<AnswerFormat, string>()
