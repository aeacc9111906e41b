import { z } from 'zod'
import type { HeaderLookup } from './retry-after.ts'

/** A provider's own error, whichever client read it. It may hold the prompt and the key: nothing of it is handed on. */
export interface ProviderError {
  /** Of the HTTP answer; undefined where that was a success, as in the middle of a stream. */
  readonly status: number | undefined
  /** That, or the one that the error says itself. */
  readonly meant: number | undefined
  /** What the provider calls it. */
  readonly words: readonly string[]
  readonly sentence: string
  readonly headers: HeaderLookup | undefined
  /** Google says it in the body. */
  readonly retryDelay: string | undefined
}

/** The provider's error that was thrown; undefined where it is none. */
export function providerErrorIn(thrown: Error): ProviderError | undefined {
  const read = Thrown.safeParse(thrown).data
  if (read === undefined || !('status' in thrown)) return undefined
  const said = errorIn(read.body) ?? errorIn(read.error)
  if (read.status === undefined && said === undefined) return undefined
  const reasons = (said?.details ?? []).map(({ reason }) => reason)
  const words = [...reasons, said?.code, said?.type, said?.status, read.code, read.type]
  return {
    status: read.status,
    meant: read.status ?? statusSaid(said?.code),
    words: words.filter((one) => one !== undefined),
    sentence: (said?.message ?? read.message).trimStart().slice(0, SENTENCE_CHARACTERS),
    headers: 'headers' in thrown && isHeaders(thrown.headers) ? thrown.headers : undefined,
    retryDelay: said?.details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay,
  }
}

/** Whether a body is an error although its status says success. */
export function isError(body: unknown): boolean {
  return SaysError.safeParse(firstOf(body)).success
}

const SaysError = z.union([
  z.object({ error: z.union([z.looseObject({}), z.string().min(1)]) }),
  z.object({ object: z.literal('error') }),
])

/** An error that quotes the prompt is long. */
const SENTENCE_CHARACTERS = 2_000

const word = z
  .union([z.string(), z.number().transform(String)])
  .optional()
  .catch(undefined)
const text = z.string().optional().catch(undefined)
/** Google says in details why, and how long to wait. */
const details = z.array(z.object({ reason: word, retryDelay: text })).catch([])
const fields = { code: word, type: word, status: word, details }

/** An error is an object under `error` with most, a text there with Ollama and TGI, and all of the body with vLLM and SGLang. */
const Body = z.union([
  z.object({ error: z.object({ ...fields, message: text }) }).transform(({ error }) => error),
  z
    .object({ ...fields, error: z.string().min(1) })
    .transform(({ error, ...beside }) => ({ ...beside, message: error })),
  z.object({ ...fields, message: z.string() }),
])

function errorIn(body: unknown): z.infer<typeof Body> | undefined {
  return Body.safeParse(firstOf(body)).data
}

/** Gemini's chat completions put an error into a list. */
function firstOf(body: unknown): unknown {
  const [first]: readonly unknown[] = Array.isArray(body) ? body : [body]
  return first
}

/** How each client keeps it: ours the body, OpenAI's the `error` of it, Anthropic's all of it as `error`. */
const Thrown = z.object({
  status: z.int().optional().catch(undefined),
  code: word,
  type: word,
  message: z.string().catch(''),
  body: z.unknown().optional(),
  error: z.unknown().optional(),
})

/** OpenRouter and vLLM say the status as the error's code, also where HTTP says success. */
function statusSaid(code: string | undefined): number | undefined {
  return /^[45]\d\d$/.test(code ?? '') ? Number(code) : undefined
}

function isHeaders(value: unknown): value is HeaderLookup {
  return value instanceof Object && 'get' in value && typeof value.get === 'function'
}
