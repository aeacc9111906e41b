import { leastContextTokens } from '@magictask/domain'
import type { Broke } from '@magictask/models'
import type { Question } from './ask-once.ts'

/**
 * The question to whoever gave an answer that is wrong in itself: the first question, what it said, and what is wrong
 * with that. Only places and kinds of mistakes are told; nothing of what the model said becomes an instruction.
 */
export function repairQuestion(
  { messages, needs }: Pick<Question, 'messages' | 'needs'>,
  { detail, said }: Broke,
): Pick<Question, 'messages' | 'needs'> {
  if (said === undefined) return { messages, needs }
  const told = [{ role: 'assistant', text: said } as const, { role: 'user', text: `${detail}\n${AGAIN}` } as const]
  const more = leastContextTokens(told.map(({ text }) => text))
  return { messages: [...messages, ...told], needs: { ...needs, contextTokens: needs.contextTokens + more } }
}

const AGAIN = [
  'That was your answer, and it cannot be used. Answer the first user message once more, with the mistake put right:',
  'JSON in the given schema only, whole, without any other text.',
].join('\n')
