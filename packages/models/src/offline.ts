import { setImmediate as nextTurn } from 'node:timers/promises'
import { BaseChatModel, type BaseChatModelCallOptions } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import type { Clock } from '@magictask/runtime'
import type { Provider } from './ask.ts'
import { candidatesIn, contentIn } from './content-block.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { toLangChain } from './langchain-messages.ts'
import { answerFromSchema } from './offline/answer-from-schema.ts'
import { approximateTokens } from './offline/script.ts'
import { providerThrough } from './provider-through.ts'

/**
 * The provider that needs no key and no network: answers are derived from the content by plain rules, the same
 * every time. For trying things out and for tests; its answers say `provider: "offline"`.
 */
export function openOffline(options: { readonly clock: Clock }): Provider {
  const model = new OfflineChatModel({})
  return providerThrough({
    name: 'offline',
    model: 'rules-1',
    clock: options.clock,
    async send(request, signal) {
      const { suggestion } = request
      const messages = toLangChain(request.messages)
      const { generations } = await model._generate(messages, {
        schema: jsonSchemaOf(request.format),
        suggestion,
        signal,
      })
      const text = generations[0]?.text ?? ''
      const usage = {
        promptTokens: approximateTokens(messages.map((message) => message.text).join('\n')),
        completionTokens: approximateTokens(text),
      }
      return { text, finishReason: 'stop', refused: false, usage }
    },
  })
}

interface OfflineCallOptions extends BaseChatModelCallOptions {
  readonly schema: JsonSchema
  readonly suggestion: number
}

class OfflineChatModel extends BaseChatModel<OfflineCallOptions> {
  override _llmType(): string {
    return 'offline'
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    await nextTurn(undefined, options.signal === undefined ? {} : { signal: options.signal })
    const question = messages.at(-1)?.text ?? ''
    const answer = answerFromSchema(options.schema, {
      content: contentIn(question) ?? question,
      candidates: candidatesIn(question),
      suggestion: options.suggestion,
    })
    const text = JSON.stringify(answer)
    return { generations: [{ text, message: new AIMessage(text) }] }
  }
}
