import { NEGATIVE, POSITIVE, SPAM, type WordList } from './word-lists.ts'

/** What the word lists say about a text. */
export interface Tone {
  readonly sentiment: 'positive' | 'neutral' | 'negative'
  /** From -1, nothing but bad words, to 1. */
  readonly score: number
  readonly isSpam: boolean
  /** How sure of `isSpam`, from 0 to 1. */
  readonly spamConfidence: number
  /** The words that the sentiment rests on, the first three. */
  readonly moodWords: readonly string[]
  readonly spamWords: readonly string[]
}

/** One suspicious word is how ordinary advertising speaks; two are spam. */
const SPAM_FROM = 2
const WORDS_NAMED = 3

/** Reads the tone of a text by word lists, Chinese and English alike. */
export function toneOf(text: string): Tone {
  const lower = text.toLowerCase()
  const words = new Set(lower.match(/[a-z]+/g))
  const found = (list: WordList) => [
    ...list.words.filter((word) => words.has(word)),
    ...list.parts.filter((part) => lower.includes(part)),
  ]
  const [good, bad, spam] = [found(POSITIVE), found(NEGATIVE), found(SPAM)]
  const sentiment = sentimentOf(good.length - bad.length)
  return {
    sentiment,
    score: Math.round(((good.length - bad.length) / (good.length + bad.length + 1)) * 100) / 100,
    isSpam: spam.length >= SPAM_FROM,
    spamConfidence: spam.length >= SPAM_FROM ? Math.min(0.6 + 0.1 * spam.length, 0.99) : 0.9 - 0.3 * spam.length,
    moodWords: (sentiment === 'negative' ? bad : good).slice(0, WORDS_NAMED),
    spamWords: spam.slice(0, WORDS_NAMED),
  }
}

function sentimentOf(balance: number): Tone['sentiment'] {
  if (balance === 0) return 'neutral'
  return balance > 0 ? 'positive' : 'negative'
}
