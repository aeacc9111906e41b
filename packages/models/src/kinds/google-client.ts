import { isTree } from '../config/layers.ts'
import type { ProviderConfig } from '../config/models-config.ts'
import { boundedFetch } from '../http/bounded-fetch.ts'
import { eventData } from '../http/event-data.ts'
import { Refused } from '../http/refused.ts'

/** Where the answers of a model come from. */
export interface GoogleClient {
  readonly provider: Pick<ProviderConfig, 'apiKey' | 'maxAnswerBytes'> & { readonly baseUrl: string }
  readonly model: string
}

/**
 * Gives a chat model of `@langchain/google-genai` another client: LangChain makes the requests and reads the chunks, what
 * is between them is ours. Google's own client holds an answer of any length; and it hands out a promise of the answer
 * beside the stream, whose rejection nobody handles: a connection that breaks would end the process.
 */
export function replaceClient(chatModel: object, { provider, model }: GoogleClient): void {
  if (!('client' in chatModel)) throw new Error('@langchain/google-genai has no client where it had one')
  const fetch = boundedFetch(provider.maxAnswerBytes)
  const url = `${provider.baseUrl}/v1beta/models/${model}:streamGenerateContent?alt=sse`
  const headers = { 'content-type': 'application/json', 'x-goog-api-key': provider.apiKey }
  chatModel.client = {
    async generateContentStream(request: unknown, { signal }: { readonly signal: AbortSignal }) {
      const answered = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request), signal })
      if (!answered.ok || answered.body === null) throw await refusedBy(answered)
      return { stream: chunks(answered.body) }
    },
  }
}

async function refusedBy(answered: Response): Promise<Refused> {
  const body: unknown = await answered.json().catch(() => undefined)
  return new Refused({ status: answered.status, headers: answered.headers, body })
}

/**
 * A chunk without a candidate is how Gemini tells that it blocked something: LangChain would drop it, with its reason and
 * its usage.
 */
async function* chunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  for await (const body of eventData(bytes)) {
    if (!isTree(body)) continue
    if ('error' in body) throw new Refused({ body })
    const [candidate] = Array.isArray(body.candidates) ? body.candidates : []
    const finishReason = isTree(candidate) ? candidate.finishReason : blockReason(body)
    const empty = { content: { role: 'model', parts: [{ text: '' }] }, finishReason }
    yield isTree(candidate) && isTree(candidate.content) ? body : { ...body, candidates: [empty] }
  }
}

function blockReason({ promptFeedback }: Readonly<Record<string, unknown>>): unknown {
  return isTree(promptFeedback) ? promptFeedback.blockReason : undefined
}
