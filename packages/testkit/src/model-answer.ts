import { contentIn } from '@magictask/models'
import { z } from 'zod'

interface Schema {
  readonly type?: string | readonly string[] | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly items?: Schema | undefined
}

const Schema: z.ZodType<Schema> = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get properties() {
    return z.record(z.string(), Schema).optional()
  },
  get items() {
    return Schema.optional()
  },
})

/** What of a chat completion request decides its answer; a request without it gets a 400. */
export const ChatRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
  response_format: z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({ name: z.string(), strict: z.literal(true), schema: Schema }),
  }),
})
export type ChatRequest = z.infer<typeof ChatRequest>

/** The content that a request is about, without its tags, also when it asks to mend an answer; the last message when it has none. */
export function contentOf(request: ChatRequest): string {
  const contents = request.messages.map((message) => contentIn(message.content))
  return contents.find((content) => content !== undefined) ?? request.messages.at(-1)?.content ?? ''
}

/**
 * An answer in the shape that a request asks for. Its texts begin like the content and end with `#` and how often
 * the content was asked about, so that a test can tell which task and which call an answer came from.
 */
export function answerTo(request: ChatRequest, timesAsked: number): unknown {
  return valueFor(request.response_format.json_schema.schema, `${beginningOf(contentOf(request))} #${timesAsked}`)
}

const BEGINNING = 40

function beginningOf(content: string): string {
  return Array.from(content.slice(0, 2 * BEGINNING))
    .slice(0, BEGINNING)
    .join('')
    .trim()
}

function valueFor(schema: Schema, text: string): unknown {
  if (schema.enum !== undefined) return schema.enum[0]
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, one]) => [name, valueFor(one, text)]),
      )
    case 'array':
      return schema.items === undefined ? [] : [valueFor(schema.items, text)]
    case 'string':
      return text
    case 'number':
    case 'integer':
      return Math.min(Math.max(0, schema.minimum ?? 0), schema.maximum ?? 0)
    case 'boolean':
      return false
    default:
      return null // as what is string or null is, among others
  }
}
