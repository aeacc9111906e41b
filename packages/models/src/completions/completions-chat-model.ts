import { BaseChatModel, type BaseChatModelCallOptions } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import type { Clock } from '@magictask/runtime'
import { BrokenOff } from '../broken-off.ts'
import { watchBody, watchStream } from '../call-watch.ts'
import type { CallTimeouts } from '../config/models-config.ts'
import { createHttpPost, type Endpoint, type HttpPost, type HttpReply } from '../http/http-post.ts'
import { Refused } from '../http/refused.ts'
import type { ModelReply } from '../model-reply.ts'
import { replyFrom } from './completion.ts'
import { CompletionStream } from './completion-stream.ts'

/** What one call of the model adds to its messages. */
export interface CompletionsCallOptions extends BaseChatModelCallOptions {
  readonly signal: AbortSignal
  /** Fields of the request besides `model` and `messages`. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Told of every piece of text as it comes: the call is then streamed. */
  readonly onText: ((delta: string) => void) | undefined
}

type Options = Pick<CompletionsCallOptions, 'signal' | 'fields' | 'onText'>

/** How a model is reached. */
export interface CompletionsFields {
  readonly to: Endpoint
  readonly model: string
  readonly maxAnswerBytes: number
  readonly timeouts: CallTimeouts
  readonly clock: Clock
  /** Fields that only a stream is asked with. */
  readonly streamFields: Readonly<Record<string, unknown>>
}

/**
 * LangChain's chat model for OpenAI's chat completions, without OpenAI's SDK: a call is one HTTP request and one
 * `JSON.parse`, a quarter of the CPU. It never repeats a request, and an answer is handed on whole, also one that is
 * no good: it was paid for.
 */
export class CompletionsChatModel extends BaseChatModel<CompletionsCallOptions> {
  readonly #fields: CompletionsFields
  readonly #post: HttpPost

  constructor(fields: CompletionsFields) {
    super({})
    this.#fields = fields
    this.#post = createHttpPost(fields.maxAnswerBytes)
  }

  override _llmType(): string {
    return 'completions'
  }

  /** Beside LangChain's result stands the reply as it came: a message has no place for a count that was not given. */
  override async _generate(
    messages: BaseMessage[],
    options: Options,
  ): Promise<ChatResult & { readonly reply: ModelReply }> {
    const asked = { model: this.#fields.model, messages: messages.map(toWire), ...options.fields }
    const { onText, signal } = options
    const reply = onText === undefined ? await this.#whole(asked, signal) : await this.#streamed(asked, signal, onText)
    return { generations: [{ text: reply.text, message: new AIMessage(reply.text) }], reply }
  }

  async #whole(asked: object, caller: AbortSignal): Promise<ModelReply> {
    const { to, clock, timeouts } = this.#fields
    using watch = watchBody(timeouts, clock, caller)
    const { signal, goesOn } = watch
    return wholeReply(await this.#post(to, JSON.stringify({ ...asked, stream: false }), { signal, onGoesOn: goesOn }))
  }

  async #streamed(asked: object, caller: AbortSignal, onText: (delta: string) => void): Promise<ModelReply> {
    const { to, clock, timeouts, streamFields } = this.#fields
    using watch = watchStream(timeouts, clock, caller)
    const stream = new CompletionStream({ onText, heard: watch.heard })
    try {
      const body = JSON.stringify({ ...asked, stream: true, ...streamFields })
      const answered = await this.#post(to, body, { signal: watch.signal, onEvents: (bytes) => stream.take(bytes) })
      if (stream.hasBegun && answered.status < FIRST_NO_SUCCESS) return stream.whole()
      const reply = wholeReply(answered)
      onText(reply.text)
      return reply
    } catch (thrown) {
      throw new BrokenOff(stream.usage, thrown)
    }
  }
}

const FIRST_NO_SUCCESS = 300

/** Also of a server that was asked for a stream and knows none. */
function wholeReply({ status, headers, body }: HttpReply): ModelReply {
  const text = body.toString('utf8')
  if (status >= FIRST_NO_SUCCESS) throw new Refused({ status, headers, body: parsed(text) })
  return replyFrom(JSON.parse(text))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant' }

function toWire(message: BaseMessage): { readonly role: string; readonly content: string } {
  const type = message.getType()
  return { role: ROLES[type] ?? type, content: message.text }
}
