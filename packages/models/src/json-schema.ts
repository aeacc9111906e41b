import { z } from 'zod'
import type { AnswerFormat } from './ask.ts'

/** A JSON schema as plain data. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

/** The JSON schema of a format, with only the keywords that OpenAI's strict mode takes. Made once a format; zod still checks the rest. */
export function jsonSchemaOf(format: AnswerFormat): JsonSchema {
  const known = made.get(format)
  if (known !== undefined) return known
  const schema = strictJsonSchema(format.schema)
  made.set(format, schema)
  return schema
}

const made = new WeakMap<AnswerFormat, JsonSchema>()

/** Lengths, defaults, titles and the like make a strict request fail, so they are left out. */
const TAKEN = new Set([
  ...['type', 'description', 'enum', 'const', 'anyOf', '$ref', '$defs'],
  ...['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'pattern', 'format'],
])

function strictJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, {
    override: ({ jsonSchema }) => {
      for (const keyword of Object.keys(jsonSchema)) if (!TAKEN.has(keyword)) delete jsonSchema[keyword]
    },
  })
  // What zod gives carries hidden members, which LangChain takes for a zod schema and converts once more.
  return JSON.parse(JSON.stringify(plain))
}
