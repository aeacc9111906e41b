/** Bytes of UTF-8 in a token, near enough for a fair share: a Chinese character is about one token, an English word one and a bit. */
const BYTES_PER_TOKEN = 3
/** What a magicType's own prompt takes beside the content, and what a short answer takes. */
const PROMPT_TOKENS = 200
const ANSWER_TOKENS = 50

/** What a task is thought to take, in tokens, before anybody asked a model: its tenant's share is counted in them. */
export function estimatedTokens(task: { readonly content: string; readonly suggestions: number }): number {
  const contentTokens = Math.ceil(Buffer.byteLength(task.content) / BYTES_PER_TOKEN)
  return task.suggestions * (PROMPT_TOKENS + contentTokens + ANSWER_TOKENS)
}
