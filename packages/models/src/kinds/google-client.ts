import { isTree, layered, type Tree } from '../config/layers.ts'
import type { ProviderConfig } from '../config/models-config.ts'
import { boundedFetch } from '../http/bounded-fetch.ts'
import { postForEvents } from '../http/post-for-events.ts'

/** Where the answers of a model come from. */
export interface GoogleClient {
  readonly provider: Pick<ProviderConfig, 'apiKey' | 'maxAnswerBytes'> & { readonly baseUrl: string }
  readonly model: string
  /** Joined into every request, member by member. */
  readonly extraBody: Tree
}

/**
 * Gives a chat model of `@langchain/google-genai` another client: LangChain makes the requests and reads the chunks, what
 * is between them is ours. Google's own client holds an answer of any length; and it hands out a promise of the answer
 * beside the stream, whose rejection nobody handles: a connection that breaks would end the process.
 */
export function replaceClient(chatModel: object, { provider, model, extraBody }: GoogleClient): void {
  if (!('client' in chatModel)) throw new Error('@langchain/google-genai has no client where it had one')
  const fetch = boundedFetch(provider.maxAnswerBytes)
  const url = `${provider.baseUrl.replace(/\/+$/, '')}/v1beta/models/${model}:streamGenerateContent?alt=sse`
  const headers: Readonly<Record<string, string>> = provider.apiKey === '' ? {} : { 'x-goog-api-key': provider.apiKey }
  chatModel.client = {
    async generateContentStream(request: Tree, { signal }: { readonly signal: AbortSignal }) {
      const body = layered(request, extraBody)
      return { stream: readable(await postForEvents(fetch, { url, headers, body, signal })) }
    },
  }
}

/**
 * A chunk without a candidate is how Gemini tells that it blocked something: LangChain would drop it, with its reason and
 * its usage. What was counted goes along with the candidate, as it was said.
 */
async function* readable(chunks: AsyncIterable<Tree>): AsyncGenerator<Tree> {
  for await (const chunk of chunks) {
    const [first] = Array.isArray(chunk.candidates) ? chunk.candidates : []
    const candidate = isTree(first) ? first : { finishReason: blockReason(chunk) }
    const content = isTree(candidate.content) ? candidate.content : { role: 'model', parts: [{ text: '' }] }
    yield { candidates: [{ ...candidate, content, counted: chunk.usageMetadata }] }
  }
}

function blockReason({ promptFeedback }: Tree): unknown {
  return isTree(promptFeedback) ? promptFeedback.blockReason : undefined
}
