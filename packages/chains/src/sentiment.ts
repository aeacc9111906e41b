import { z } from 'zod'

/** How a content feels to its reader: the same three words in every chain. */
export const Sentiment = z.enum(['positive', 'neutral', 'negative'])
