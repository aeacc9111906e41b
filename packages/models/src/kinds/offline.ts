import { setImmediate as nextTurn } from 'node:timers/promises'
import { BaseChatModel, type BaseChatModelCallOptions } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import { candidatesIn, contentIn } from '../content-block.ts'
import { type JsonSchema, jsonSchemaOf } from '../json-schema.ts'
import { toLangChain } from '../langchain-messages.ts'
import { answerFromSchema } from '../offline/answer-from-schema.ts'
import { approximateTokens } from '../offline/script.ts'
import type { Send } from '../send.ts'

/**
 * What needs no key and no network: answers are derived from the content by plain rules, the same every time. For
 * trying things out and for tests; its answers say `provider: "offline"`.
 */
export function openOffline(): Send {
  const model = new OfflineChatModel({})
  return async ({ messages, format, suggestion, onText }, signal) => {
    const { generations } = await model._generate(toLangChain(messages), {
      schema: jsonSchemaOf(format),
      suggestion,
      signal,
    })
    const text = generations[0]?.text ?? ''
    onText?.(text)
    const usage = {
      promptTokens: approximateTokens(messages.map((message) => message.text).join('\n')),
      completionTokens: approximateTokens(text),
    }
    return { text, finishReason: 'stop', refused: false, usage }
  }
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
