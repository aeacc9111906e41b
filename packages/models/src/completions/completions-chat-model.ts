import { BaseChatModel, type BaseChatModelCallOptions } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import { createHttpPost, type Endpoint, type HttpPost } from '../http/http-post.ts'
import { Refused } from '../http/refused.ts'
import type { ModelReply } from '../model-reply.ts'
import { replyFrom } from './completion.ts'

/** What one call of the model adds to its messages. */
export interface CompletionsCallOptions extends BaseChatModelCallOptions {
  readonly signal: AbortSignal
  /** Fields of the request besides `model` and `messages`. */
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * LangChain's chat model for OpenAI's chat completions, without OpenAI's SDK: a call is one HTTP request and one
 * `JSON.parse`, a quarter of the CPU. It never repeats a request, and an answer is handed on whole, also one that is
 * no good: it was paid for.
 */
export class CompletionsChatModel extends BaseChatModel<CompletionsCallOptions> {
  readonly #to: Endpoint
  readonly #model: string
  readonly #post: HttpPost

  constructor(fields: { readonly to: Endpoint; readonly model: string; readonly maxAnswerBytes: number }) {
    super({})
    this.#to = fields.to
    this.#model = fields.model
    this.#post = createHttpPost(fields.maxAnswerBytes)
  }

  override _llmType(): string {
    return 'completions'
  }

  /** Beside LangChain's result stands the reply as it came: a message has no place for a count that was not given. */
  override async _generate(
    messages: BaseMessage[],
    { signal, fields }: Pick<CompletionsCallOptions, 'signal' | 'fields'>,
  ): Promise<ChatResult & { readonly reply: ModelReply }> {
    const body = JSON.stringify({ model: this.#model, messages: messages.map(toWire), ...fields, stream: false })
    const answered = await this.#post(this.#to, body, signal)
    if (answered.status >= FIRST_NO_SUCCESS) throw new Refused(answered)
    const reply = replyFrom(JSON.parse(answered.body.toString('utf8')))
    return { generations: [{ text: reply.text, message: new AIMessage(reply.text) }], reply }
  }
}

const FIRST_NO_SUCCESS = 300

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant' }

function toWire(message: BaseMessage): { readonly role: string; readonly content: string } {
  const type = message.getType()
  return { role: ROLES[type] ?? type, content: message.text }
}
