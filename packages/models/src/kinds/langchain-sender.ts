import { AIMessageChunk } from '@langchain/core/messages'
import type { ChatGenerationChunk } from '@langchain/core/outputs'
import { Fault } from '@magictask/domain'
import { initChatModel } from 'langchain/chat_models/universal'
import type { AnswerFormat, Message, TokenUsage } from '../ask.ts'
import { BrokenOff } from '../broken-off.ts'
import { watchStream } from '../call-watch.ts'
import type { ProviderConfig } from '../config/models-config.ts'
import { toLangChain } from '../langchain-messages.ts'
import type { ModelReply } from '../model-reply.ts'
import type { Send, SendDeps } from '../send.ts'
import { mostOf } from './stream-usage.ts'

/** What a chunk says of the tokens so far. */
export type Counted = Readonly<Partial<Record<keyof TokenUsage, number | undefined>>>

/** What a kind that LangChain knows has to say for itself. */
export interface LangChainKind {
  readonly model: string
  /** Fields of the chat model's constructor, and the provider's name in `initChatModel`. */
  readonly fields: Readonly<Record<string, unknown>> & { readonly modelProvider: string }
  /** Done to the chat model once. */
  readonly prepare?: (model: object) => void
  /** A question in the best way that the model has, and what its call needs besides the messages. */
  readonly question: (
    messages: readonly Message[],
    format: AnswerFormat,
  ) => { readonly messages: readonly Message[]; readonly options: Readonly<Record<string, unknown>> }
  /** Why the model stopped, in OpenAI's words, in the chunk that says it. */
  readonly finishReason: (chunk: ChatGenerationChunk) => string | undefined
  /** What was counted up to a chunk, from the beginning of the call; LangChain's own counts have a 0 for what was not said. */
  readonly counted: (chunk: ChatGenerationChunk) => Counted
}

/**
 * Sends through a chat model of LangChain. Every call is a stream, also where nobody listens: only so does each of
 * them close its socket when it is aborted, and notice a provider that fell silent. Below LangChain's callbacks, which
 * an environment variable can make send prompts elsewhere.
 */
export async function langChainSender(kind: LangChainKind, provider: ProviderConfig, deps: SendDeps): Promise<Send> {
  const configurable = await initChatModel(kind.model, { ...kind.fields, maxRetries: 0 })
  const model = await configurable._getModelInstance()
  kind.prepare?.(model)
  return async (request, caller) => {
    using watch = watchStream(provider.timeouts, deps.clock, caller)
    const { messages, options } = kind.question(request.messages, request.format)
    const callOptions = { ...options, signal: watch.signal, maxRetries: 0, streamUsage: false }
    const growing = new GrowingReply(kind, provider.maxAnswerBytes)
    try {
      for await (const chunk of model._streamResponseChunks(toLangChain(messages), callOptions)) {
        watch.heard()
        const delta = growing.add(chunk)
        if (delta !== '') request.onText?.(delta)
      }
      // A stream that is aborted may end as if it were whole.
      watch.signal.throwIfAborted()
      return growing.whole()
    } catch (thrown) {
      throw new BrokenOff(growing.usage, watch.signal.aborted ? watch.signal.reason : thrown)
    }
  }
}

/** A reply, chunk by chunk. */
class GrowingReply {
  readonly #kind: LangChainKind
  readonly #maxCharacters: number
  #hasBegun = false
  #text = ''
  /** Of a tool: where they say anything, they are the answer. */
  #arguments = ''
  #finishReason: string | undefined
  #usage: TokenUsage = {}

  constructor(kind: LangChainKind, maxCharacters: number) {
    this.#kind = kind
    this.#maxCharacters = maxCharacters
  }

  /** Gives the text that the chunk adds. */
  add(chunk: ChatGenerationChunk): string {
    const { message } = chunk
    this.#hasBegun = true
    const isOfModel = AIMessageChunk.isInstance(message)
    const args = isOfModel ? (message.tool_call_chunks ?? []).map((call) => call.args ?? '').join('') : ''
    this.#text += message.text
    this.#arguments += args
    this.#finishReason = this.#kind.finishReason(chunk) ?? this.#finishReason
    this.#usage = mostOf(this.#usage, this.#kind.counted(chunk))
    if (this.#text.length + this.#arguments.length > this.#maxCharacters)
      throw new Fault('answer.truncated', { detail: `The answer was cut off at ${this.#maxCharacters} characters.` })
    return args === '' ? message.text : args
  }

  /** What was counted so far. */
  get usage(): TokenUsage {
    return this.#usage
  }

  /** The whole of it; throws where the stream ended before it was. */
  whole(): ModelReply {
    if (!this.#hasBegun) throw new Fault('provider.unavailable', { detail: NO_STREAM })
    if (this.#finishReason === undefined) throw new Fault('provider.reset', { detail: CUT })
    const said = this.#arguments === '' ? { text: this.#text } : { text: this.#arguments, beside: this.#text }
    return { ...said, finishReason: this.#finishReason, refused: false, usage: this.#usage }
  }
}

const NO_STREAM = 'The provider answered with something that is not a stream of an answer.'
const CUT = 'The stream of the answer ended in the middle.'
