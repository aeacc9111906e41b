import { leastContextTokens } from '@magictask/domain'
import type { Broke, Message } from '@magictask/models'
import type { Question } from './ask-once.ts'

/**
 * The question to whoever gave an answer that is wrong in itself: the first question, what it said, and what is wrong
 * with that. Only places and kinds of mistakes are told; nothing of what the model said becomes an instruction. Who said
 * nothing, or was cut off, is told that behind the question: the very same question would be cut off at the same place.
 */
export function repairQuestion(
  { messages, needs }: Pick<Question, 'messages' | 'needs'>,
  { detail, said }: Broke,
): Pick<Question, 'messages' | 'needs'> {
  if (said === undefined) return { messages: withTold(messages, `${detail}\n${BRIEFLY}`), needs }
  const told = [{ role: 'assistant', text: said } as const, { role: 'user', text: `${detail}\n${AGAIN}` } as const]
  const more = leastContextTokens(told.map(({ text }) => text))
  return { messages: [...messages, ...told], needs: { ...needs, contextTokens: needs.contextTokens + more } }
}

/** Some servers take no two messages of one role after another. */
function withTold(messages: readonly Message[], told: string): readonly Message[] {
  return messages.map((message, at) =>
    at === messages.length - 1 ? { ...message, text: `${message.text}\n\n${told}` } : message,
  )
}

const AGAIN = [
  'That was your answer, and it cannot be used. Answer the first user message once more, with the mistake put right:',
  'JSON in the given schema only, whole, without any other text.',
].join('\n')

const BRIEFLY =
  'That happened when this was asked before. Answer briefly enough to be whole: JSON in the given schema only, without any other text.'
