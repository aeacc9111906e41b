import { z } from 'zod'
import type { AnswerFormat, AskRequest } from './ask.ts'
import { type Embedding, unit } from './embed.ts'

/*
  A model that embeds is asked like any other: its messages are the texts, and its answer is their embeddings, in their
  order, each as the base64 of its 32-bit floats. So one way leads to every model, and every call has its slot and its row.
*/

/** The shape of such an answer. */
export const EMBEDDINGS_FORMAT: AnswerFormat = { name: 'embeddings', schema: z.array(z.base64()) }

/** Rises when texts are prepared otherwise before they are embedded; recorded with every call. */
export const EMBEDDINGS_VERSION = 1

/** The answer that says these embeddings. */
export function answerFrom(embeddings: readonly (readonly number[])[]): string {
  return JSON.stringify(embeddings.map((numbers) => Buffer.from(unit(numbers).buffer).toString('base64')))
}

/** The embeddings that an answer says. */
export function embeddingsIn(json: string): readonly Embedding[] {
  return z
    .array(z.string())
    .parse(JSON.parse(json))
    .map((base64) => new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer))
}

/** What asks for them, without the call that it is for. */
export function embeddingsRequest(texts: readonly string[]): Pick<AskRequest, 'messages' | 'format'> {
  return { messages: texts.map((text) => ({ role: 'user', text })), format: EMBEDDINGS_FORMAT }
}

/** What one request may carry: OpenAI takes 2,048 texts of 300,000 tokens in all, and a character is rarely more than two. */
const MOST_TEXTS = 512
const MOST_CHARACTERS = 100_000

/** Texts in parts that one request can carry. */
export function* inRequests(texts: readonly string[]): Generator<readonly string[]> {
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
