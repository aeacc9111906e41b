import { isTree, type Tree } from '../config/layers.ts'
import type { ProviderConfig } from '../config/models-config.ts'
import { boundedFetch } from '../http/bounded-fetch.ts'
import { postForEvents } from '../http/post-for-events.ts'

/** Where Anthropic's messages are asked for. */
export type AnthropicServer = Pick<ProviderConfig, 'apiKey' | 'maxAnswerBytes'> & { readonly baseUrl: string }

/**
 * The client of a chat model of `@langchain/anthropic`: LangChain makes the requests and reads the events, what is
 * between them is ours. Anthropic's own client sends what it finds in the environment (ANTHROPIC_AUTH_TOKEN,
 * ANTHROPIC_CUSTOM_HEADERS) to whatever address it is given, and reads a long line in the square of its length.
 */
export function anthropicClient({ apiKey, baseUrl, maxAnswerBytes }: AnthropicServer): object {
  const fetch = boundedFetch(maxAnswerBytes)
  const url = `${baseUrl.replace(/\/+$/, '')}/v1/messages`
  const headers = { 'anthropic-version': '2023-06-01', ...(apiKey === '' ? {} : { 'x-api-key': apiKey }) }
  const create = async (body: unknown, { signal }: { readonly signal: AbortSignal }) => {
    const events = readable(await postForEvents(fetch, { url, headers, body, signal }))
    return Object.assign(events, { controller: new AbortController() })
  }
  return { messages: { create } }
}

/**
 * The events as LangChain can read them. Arguments that a tool's block begins with are the whole where no piece of them
 * follows.
 */
async function* readable(events: AsyncIterable<Tree>): AsyncGenerator<Tree> {
  let begunWith: string | undefined
  for await (const event of events) {
    if (event.type === 'content_block_start') begunWith = argumentsIn(event.content_block)
    if (event.type === 'content_block_delta') begunWith = undefined
    if (event.type === 'content_block_stop' && begunWith !== undefined)
      yield { ...event, type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: begunWith } }
    const safe = withWhatIsRead(event)
    if (safe !== undefined) yield safe
  }
}

function argumentsIn(block: unknown): string | undefined {
  const input = isTree(block) && isTree(block.input) ? block.input : {}
  return Object.keys(input).length === 0 ? undefined : JSON.stringify(input)
}

/**
 * An event with the members that LangChain reads: it throws where one is missing that it does not even need, and what was
 * answered until then would be paid for nothing. What was counted goes along under another name, as it was said.
 */
function withWhatIsRead(event: Tree): Tree | undefined {
  const { type, usage } = event
  const message = isTree(event.message) ? event.message : {}
  const delta = isTree(event.delta) ? event.delta : {}
  switch (type) {
    case 'message_start':
      return { type, message: { ...message, usage: UNSAID, counted: beforeOutput(message.usage) } }
    case 'message_delta':
      return { type, delta: { ...delta, counted: usage }, usage: UNSAID }
    case 'content_block_start':
      return isTree(event.content_block) ? event : undefined
    case 'content_block_delta':
      return isTree(event.delta) ? event : undefined
    default:
      return undefined
  }
}

/** What came out is said at the end: what stands there at the beginning is no count, and of a stream that is cut nobody knows it. */
function beforeOutput(usage: unknown): Tree {
  return isTree(usage) ? { ...usage, output_tokens: undefined } : {}
}

const UNSAID = { input_tokens: 0, output_tokens: 0 }
