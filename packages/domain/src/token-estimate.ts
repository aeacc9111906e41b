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

/** More than any tokenizer in use needs for a token, on average over a text. */
const MOST_BYTES_PER_TOKEN = 4

/** What a prompt and its answer take at least, in tokens: a model of less context cannot take them, any other is worth a try. */
export function leastContextTokens(texts: readonly string[]): number {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  return Math.ceil(bytes / MOST_BYTES_PER_TOKEN) + ANSWER_TOKENS
}
