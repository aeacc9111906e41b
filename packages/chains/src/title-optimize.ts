import { z } from 'zod'
import type { Chain } from './chain.ts'
import { contentPrompt } from './content-prompt.ts'
import { Sentiment } from './sentiment.ts'
import { visibleText } from './visible-text.ts'

const LONGEST_TITLE = 300

/** A better title for the content, with what it feels like and whether it is spam. */
export const titleOptimize: Chain = {
  magicType: 'title_optimize',
  promptVersion: 1,
  format: {
    name: 'title_optimize',
    schema: z.object({ title: visibleText(LONGEST_TITLE), sentiment: Sentiment, is_spam: z.boolean() }),
  },
  prompt: contentPrompt(
    [
      'You are an editor of marketing messages. Write one title for the content: it says what the reader gains, is specific,',
      'keeps every fact, number and name as it is, invents nothing, and has at most 30 Chinese characters or 12 words.',
      'Also say how the content feels to its reader (sentiment), and whether it is spam (is_spam): unsolicited, deceptive or a scam.',
      'Ordinary advertising is not spam.',
    ].join('\n'),
  ),
  sample: {
    content: '限時下殺！買一送一活動開跑啦，快邀朋友一起搶購！',
    answer: { title: '買一送一限時優惠，快邀好友一起搶購！', sentiment: 'positive', is_spam: false },
  },
  basicAnswer: ({ content }) => ({ title: openingOf(content), sentiment: 'neutral', is_spam: false }),
}

const OPENING_CHARACTERS = 60

/** The first line that shows, cut at a whole code point. */
function openingOf(content: string): string {
  const line = content.split(/[\r\n]+/).find((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text)) ?? '…'
  return Array.from(line.trim().slice(0, 2 * OPENING_CHARACTERS))
    .slice(0, OPENING_CHARACTERS)
    .join('')
    .trim()
}
