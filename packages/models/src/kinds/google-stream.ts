import { isTree } from '../config/layers.ts'

/**
 * Mends two things in a chat model of `@langchain/google-genai`, whose client is its own. The client hands out a stream
 * and a promise of the same answer; LangChain takes the stream only, and when the connection breaks, the rejection
 * of the promise, which nobody handles, would end the process. And a chunk without a candidate, which is how Gemini tells
 * that it blocked something, is lost with its reason and its usage.
 */
export function mendStreams(model: object): void {
  const client: unknown = Reflect.get(model, 'client')
  if (!hasStreams(client)) throw new Error('@langchain/google-genai has no client where it had one')
  const original = client.generateContentStream.bind(client)
  client.generateContentStream = async (...call) => {
    const { stream, response } = await original(...call)
    response.catch(() => undefined)
    return { stream: withCandidates(stream), response }
  }
}

interface Streams {
  generateContentStream(...call: readonly unknown[]): Promise<{
    readonly stream: AsyncIterable<unknown>
    readonly response: Promise<unknown>
  }>
}

/** As of version 2.3.2; the conformance tests fail when it is otherwise. */
function hasStreams(client: unknown): client is Streams {
  return client instanceof Object && 'generateContentStream' in client
}

async function* withCandidates(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  for await (const response of stream) yield isTree(response) ? withCandidate(response) : response
}

function withCandidate(response: Readonly<Record<string, unknown>>): unknown {
  const [candidate] = Array.isArray(response.candidates) ? response.candidates : []
  if (isTree(candidate) && isTree(candidate.content)) return response
  const reason = isTree(candidate) ? candidate.finishReason : blockReason(response)
  return { ...response, candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: reason }] }
}

function blockReason({ promptFeedback }: Readonly<Record<string, unknown>>): unknown {
  return isTree(promptFeedback) ? promptFeedback.blockReason : undefined
}
