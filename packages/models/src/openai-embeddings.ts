import { OpenAIEmbeddings } from '@langchain/openai'
import { Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { watchWhole } from './call-watch.ts'
import { type Embedder, type Embedding, unit } from './embed.ts'
import { faultFromProvider } from './fault-from-provider.ts'
import { boundedFetch, type Fetch } from './http/bounded-fetch.ts'

/** How to reach a server that speaks OpenAI's embeddings. */
export interface OpenAiEmbeddings {
  readonly apiKey: string
  readonly model: string
  readonly baseUrl: string
  readonly clock: Clock
}

/** An embedder that speaks OpenAI's embeddings. A text is sent once; nothing is repeated, whatever goes wrong. */
export function openOpenAiEmbeddings(options: OpenAiEmbeddings): Embedder {
  const dimensions = SHORTENED.test(options.model) ? SHORT_DIMENSIONS : undefined
  const post = boundedFetch(MOST_ANSWER_BYTES)
  const embedOnce = async (texts: readonly string[], signal: AbortSignal) => {
    using watch = watchWhole(REQUEST_TIMEOUT_MS, options.clock, signal)
    const model = openModel(options, dimensions, abortedBy(post, watch.signal))
    return readEmbeddings(await model.embedDocuments([...texts]), texts.length)
  }
  return {
    model: dimensions === undefined ? options.model : `${options.model}/${dimensions}`,
    async embed(texts, signal) {
      // A request fails as a whole, so the first that does stops the others.
      const failed = new AbortController()
      const either = AbortSignal.any([signal, failed.signal])
      try {
        return await inTurns(requestsOf(texts), (request) => embedOnce(request, either))
      } catch (thrown) {
        failed.abort()
        throw faultFromProvider(thrown, options.clock.now())
      }
    },
  }
}

/** These models can be asked for their first dimensions only, which keep nearly all that they know at a third of the memory. */
const SHORTENED = /^text-embedding-3-/
const SHORT_DIMENSIONS = 512

const MOST_ANSWER_BYTES = 64 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 30_000

/** A model for one use: LangChain's embeddings take no signal, so each gets a `fetch` that has it already. */
function openModel(options: OpenAiEmbeddings, dimensions: number | undefined, fetch: Fetch): OpenAIEmbeddings {
  return new OpenAIEmbeddings({
    apiKey: options.apiKey,
    model: options.model,
    maxRetries: 0,
    batchSize: MOST_TEXTS,
    stripNewLines: false,
    ...(dimensions === undefined ? {} : { dimensions }),
    // The address is always said, or LangChain would look for one in the environment.
    configuration: { baseURL: options.baseUrl, fetch, logLevel: 'off' },
  })
}

function abortedBy(post: Fetch, signal: AbortSignal): Fetch {
  return (url, init = {}) => {
    const signals = init.signal ? [signal, init.signal] : [signal]
    return post(url, { ...init, signal: AbortSignal.any(signals) })
  }
}

/** What one request may carry: OpenAI takes 2,048 texts of 300,000 tokens in all, and a character is rarely more than two. */
const MOST_TEXTS = 512
const MOST_CHARACTERS = 100_000

function* requestsOf(texts: readonly string[]): Generator<readonly string[]> {
  let request: string[] = []
  let characters = 0
  for (const text of texts) {
    if (request.length === MOST_TEXTS || (request.length > 0 && characters + text.length > MOST_CHARACTERS)) {
      yield request
      request = []
      characters = 0
    }
    request.push(text)
    characters += text.length
  }
  if (request.length > 0) yield request
}

const AT_ONCE = 4

/** Works on all of them, a few at once, and gives what came of them in their order. */
async function inTurns<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  const results: (readonly Result[])[] = []
  const left = [...items].entries()
  const worker = async () => {
    for (const [at, item] of left) results[at] = await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results.flat()
}

/** What came may be anything: LangChain hands on what the server sent. */
function readEmbeddings(came: readonly (readonly number[])[], wanted: number): readonly Embedding[] {
  const [first] = came
  const alike = came.every((one) => one?.length === first?.length && one.every(Number.isFinite))
  if (came.length !== wanted || !alike || (wanted > 0 && !first?.length)) {
    throw new Fault('provider.unavailable', { detail: 'The provider answered with something that is no embeddings.' })
  }
  return came.map(unit)
}
