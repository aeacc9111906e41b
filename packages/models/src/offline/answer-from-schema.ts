import type { JsonSchema } from '../json-schema.ts'
import { type Match, matchAmong } from './match.ts'
import { matchReason, moodReason, spamReason } from './reason.ts'
import { titleFrom } from './title.ts'
import { type Tone, toneOf } from './tone.ts'

/** What is asked about. */
interface Question {
  readonly content: string
  /** What there is to choose from, as it stands in the prompt. */
  readonly candidates: string | undefined
  readonly suggestion: number
}

/** What an answer is made from. */
interface Source extends Question {
  readonly tone: Tone
  /** Found when a schema asks for it: others need not pay. */
  readonly match: () => Match
}

/** An answer in the schema's shape, from the content by plain rules. The same arguments give the same answer. */
export function answerFromSchema(schema: JsonSchema, question: Question): unknown {
  const { content, candidates } = question
  let match: Match | undefined
  const source = { ...question, tone: toneOf(content), match: () => (match ??= matchAmong(content, candidates)) }
  return valueFor({ root: schema, source, depth: 0 }, '', schema)
}

interface Place {
  readonly root: JsonSchema
  readonly source: Source
  readonly depth: number
}

type Meaning = (source: Source, beside: ReadonlySet<string>) => unknown

/** What a property means, by its name, in every schema. `beside` holds the names of the properties next to it. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['title', ({ content, suggestion }) => titleFrom(content, suggestion)],
  ['sentiment', ({ tone }) => tone.sentiment],
  ['score', ({ tone }) => tone.score],
  ['is_spam', ({ tone }) => tone.isSpam],
  ['sku', ({ match }) => match().sku],
  ['confidence', ({ tone, match }, beside) => (beside.has('sku') ? match().confidence : tone.spamConfidence)],
  [
    'reason',
    ({ content, tone, match }, beside) => {
      if (beside.has('sku')) return matchReason(content, match())
      return beside.has('is_spam') ? spamReason(content, tone) : moodReason(content, tone)
    },
  ],
])

/** A schema may hold itself. */
const DEEPEST = 12

function valueFor(place: Place, name: string, given: JsonSchema, beside: ReadonlySet<string> = new Set()): unknown {
  if (place.depth > DEEPEST) return null
  const schema = resolve(place.root, given)
  const meant = MEANINGS.get(name)?.(place.source, beside)
  if (meant !== undefined && takes(schema, meant)) return meant
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[place.source.suggestion % schema.enum.length]
  const choice = schema.anyOf?.find((one) => isSchema(one))
  if (isSchema(choice)) return valueFor(deeper(place), name, choice, beside)
  return valueOfType(place, schema)
}

function valueOfType(place: Place, schema: JsonSchema): unknown {
  switch (typesOf(schema)[0]) {
    case 'object':
      return objectFor(place, schema)
    case 'array':
      return arrayFor(place, schema)
    case 'string':
      return titleFrom(place.source.content, place.source.suggestion)
    case 'number':
    case 'integer':
      return Math.min(Math.max(0, schema.minimum ?? 0), schema.maximum ?? 0)
    case 'boolean':
      return false
    default:
      return null
  }
}

function objectFor(place: Place, schema: JsonSchema): Record<string, unknown> {
  const properties = Object.entries(schema.properties ?? {})
  const names = new Set(Object.keys(schema.properties ?? {}))
  return Object.fromEntries(
    properties.map(([name, property]) => [
      name,
      isSchema(property) ? valueFor(deeper(place), name, property, names) : null,
    ]),
  )
}

function arrayFor(place: Place, schema: JsonSchema): readonly unknown[] {
  const { items } = schema
  if (!isSchema(items)) return []
  return Array.from({ length: Math.max(1, schema.minItems ?? 1) }, () => valueFor(deeper(place), '', items))
}

const deeper = (place: Place): Place => ({ ...place, depth: place.depth + 1 })

function isSchema(part: unknown): part is JsonSchema {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
}

const DEFINITION = /^#\/\$defs\/(.+)$/

function resolve(root: JsonSchema, schema: JsonSchema): JsonSchema {
  if (schema.$ref === '#') return root
  const found = root.$defs?.[DEFINITION.exec(schema.$ref ?? '')?.[1] ?? '']
  return isSchema(found) ? found : schema
}

function takes(schema: JsonSchema, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.some((allowed) => allowed === value)
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => isSchema(one) && takes(one, value))
  const types = typesOf(schema)
  if (value === null) return types.includes('null')
  if (typeof value !== 'number') return types.includes(typeof value)
  return types.includes('number') && value >= (schema.minimum ?? value) && value <= (schema.maximum ?? value)
}

/** What is string or null has both as its type. */
function typesOf({ type }: JsonSchema): readonly unknown[] {
  return Array.isArray(type) ? type : [type]
}
