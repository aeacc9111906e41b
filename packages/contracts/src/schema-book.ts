import { z } from 'zod'

/** A JSON value. */
export type Json = z.infer<ReturnType<typeof z.json>>

/** Turns zod schemas into JSON Schema; those with an id are written down once and referred to. */
export interface SchemaBook {
  refer(schema: z.ZodType, side: 'input' | 'output'): Json
  /** Every schema with an id that was referred to so far. */
  components(): Record<string, Json>
}

export function createSchemaBook(): SchemaBook {
  const known: Record<string, Json> = {}
  return {
    components: () => known,
    refer(schema, side) {
      // Inside an object a schema with an id becomes a reference and one without stands in full, which is what is wanted.
      const drawn = z.toJSONSchema(z.object({ it: schema.optional() }), { io: side, unrepresentable: 'any' })
      const { properties, $defs } = Drawn.parse(
        JSON.parse(JSON.stringify(drawn).replaceAll('"#/$defs/', '"#/components/schemas/')),
      )
      for (const [id, definition] of Object.entries($defs)) known[id] = withoutId(definition)
      return properties.it
    },
  }
}

const Drawn = z.object({
  properties: z.object({ it: z.json() }),
  $defs: z.record(z.string(), z.record(z.string(), z.json())).default({}),
})

function withoutId({ id: _, ...definition }: Record<string, Json>): Json {
  return definition
}
