import type { Match } from './match.ts'
import { isHan } from './script.ts'
import type { Tone } from './tone.ts'

/** Why a text counts as good or bad, in its own language. The Han sentences are written the same in Traditional and Simplified Chinese. */
export function moodReason(content: string, tone: Tone): string {
  const named = tone.moodWords
  if (isHan(content)) {
    if (tone.sentiment === 'neutral') return '文中看不出好感或反感。'
    return `文中有「${named.join('」、「')}」，令人${tone.sentiment === 'positive' ? '有好感' : '反感'}。`
  }
  if (tone.sentiment === 'neutral') return 'Nothing in the text leans either way.'
  return `The text says ${quoted(named)}, which reads as ${tone.sentiment}.`
}

/** Why a text counts as spam or not, in its own language. */
export function spamReason(content: string, tone: Tone): string {
  if (isHan(content))
    return tone.isSpam ? `文中有「${tone.spamWords.join('」、「')}」，十分可疑。` : '文中看不出可疑字眼。'
  return tone.isSpam ? `The text says ${quoted(tone.spamWords)}, as spam does.` : 'Nothing in the text reads like spam.'
}

/** Why a candidate was chosen, or none, in the content's language. */
export function matchReason(content: string, { sku }: Match): string {
  if (isHan(content)) return sku === null ? '其中看不出相同之物。' : '此物字句最相近。'
  return sku === null
    ? 'No candidate shares enough words with the text.'
    : 'Of all candidates it shares most words with the text.'
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(', ')
}
