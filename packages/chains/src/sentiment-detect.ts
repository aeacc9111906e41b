import { z } from 'zod'
import type { Chain } from './chain.ts'
import { contentPrompt } from './content-prompt.ts'
import { Sentiment } from './sentiment.ts'
import { visibleText } from './visible-text.ts'

const LONGEST_REASON = 2_000

/** How the content feels to its reader. `score` goes from -1, wholly negative, over 0 to 1, wholly positive. */
export const sentimentDetect: Chain = {
  magicType: 'sentiment_detect',
  promptVersion: 1,
  format: {
    name: 'sentiment_detect',
    schema: z.object({ sentiment: Sentiment, score: z.number().min(-1).max(1), reason: visibleText(LONGEST_REASON) }),
  },
  prompt: contentPrompt(
    [
      'You judge how a text feels. Say which sentiment prevails in the content, give it a score from -1 (wholly negative)',
      'over 0 (neutral or balanced) to 1 (wholly positive), and the reason in one sentence that names the words it rests on.',
    ].join('\n'),
  ),
  sample: {
    content: '等了四十分鐘才上菜，湯是冷的，服務生還很不耐煩，以後不會再來了。',
    answer: { sentiment: 'negative', score: -0.9, reason: '顧客抱怨久候、湯冷和服務態度，並表示不會再來。' },
  },
  basicAnswer: () => ({ sentiment: 'neutral', score: 0, reason: 'Not judged: no model gave a usable answer.' }),
}
