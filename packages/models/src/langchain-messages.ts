import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from '@langchain/core/messages'
import type { Message } from './ask.ts'

/** A prompt as LangChain's chat models take it. */
export function toLangChain(messages: readonly Message[]): BaseMessage[] {
  return messages.map(({ role, text }) => {
    if (role === 'system') return new SystemMessage(text)
    return role === 'user' ? new HumanMessage(text) : new AIMessage(text)
  })
}
