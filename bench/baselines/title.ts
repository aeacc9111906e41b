import { z } from 'zod'

/** What both loops ask for: the shape of a `title_optimize` answer. */
export const Title = z.object({
  title: z.string(),
  sentiment: z.enum(['positive', 'neutral', 'negative']),
  is_spam: z.boolean(),
})

/** About as long as the chain's own. */
export const INSTRUCTIONS = [
  'You are an editor of marketing messages. Write one title for the content: it says what the reader gains, is specific,',
  'keeps every fact, number and name as it is, invents nothing, and has at most 30 Chinese characters or 12 words.',
  'Also say how the content feels to its reader (sentiment), and whether it is spam (is_spam).',
].join('\n')
