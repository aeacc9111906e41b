import type { Broke, Message } from '@magictask/models'

/**
 * The question to whoever gave an answer that is wrong in itself: the first question, what it said, and what is wrong
 * with that. Only places and kinds of mistakes are told; nothing of what the model said becomes an instruction.
 */
export function repairQuestion(messages: readonly Message[], { detail, said }: Broke): readonly Message[] {
  if (said === undefined) return messages
  return [...messages, { role: 'assistant', text: said }, { role: 'user', text: `${detail}\n${AGAIN}` }]
}

const AGAIN = [
  'That was your answer, and it cannot be used. Answer the first user message once more, with the mistake put right:',
  'JSON in the given schema only, whole, without any other text.',
].join('\n')
