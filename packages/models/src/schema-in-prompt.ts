import type { AnswerFormat, Message } from './ask.ts'
import type { ModelConfig } from './config/models-config.ts'
import { jsonSchemaOf } from './json-schema.ts'

/**
 * A prompt as a model needs it for the best way of answering that it has. The schema in it always comes with the word
 * JSON: JSON object mode is refused without it.
 */
export function worded(
  messages: readonly Message[],
  format: AnswerFormat,
  { capabilities, quirks }: Pick<ModelConfig, 'capabilities' | 'quirks'>,
): readonly Message[] {
  const [way = 'text'] = capabilities.structured
  const needsSchema = way === 'json-object' || way === 'text' || quirks.schemaInPrompt
  const asked = needsSchema ? withInstruction(messages, instructionFor(format)) : messages
  const isOffered = way === 'tool' && quirks.toolChoice === 'auto'
  return isOffered ? withInstruction(asked, `Answer by calling the tool ${format.name}, once.`) : asked
}

/** With a sentence more for the system: many a server takes only one system message, the first. */
function withInstruction(messages: readonly Message[], instruction: string): readonly Message[] {
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
