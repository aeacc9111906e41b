import { z } from 'zod'
import type { Chain } from './chain.ts'
import { contentPrompt } from './content-prompt.ts'
import { visibleText } from './visible-text.ts'

const LONGEST_REASON = 2_000

/** Whether the content is spam. `confidence` says how sure that is, from 0 to 1, whichever way it fell out. */
export const spamCheck: Chain = {
  magicType: 'spam_check',
  promptVersion: 1,
  format: {
    name: 'spam_check',
    schema: z.object({
      is_spam: z.boolean(),
      confidence: z.number().min(0).max(1),
      reason: visibleText(LONGEST_REASON),
    }),
  },
  prompt: contentPrompt(
    [
      'You protect readers from spam. Say whether the content is spam (is_spam): an unsolicited bulk message, a scam, phishing, or',
      'a lure to gambling, loans or dubious investments. Advertising by an ordinary business is not spam. Say how sure you are of',
      'your judgement (confidence, from 0 to 1), and the reason in one sentence that names the words it rests on.',
    ].join('\n'),
  ),
  sample: {
    content: '恭喜您中獎！請加LINE並先匯款手續費3000元，即可領取獎金100萬！',
    answer: { is_spam: true, confidence: 0.98, reason: '以中獎為名要求先匯款手續費，是常見的詐騙手法。' },
  },
  basicAnswer: () => ({ is_spam: false, confidence: 0, reason: 'Not judged: no model gave a usable answer.' }),
}
