import { isHan } from './script.ts'

/**
 * A title from a text's own words: one or two of its clauses, without the punctuation around them. Each suggestion
 * begins at another clause; when every clause has had its turn, phrases are put around them.
 */
export function titleFrom(text: string, suggestion: number): string {
  const han = isHan(text)
  const clauses = clausesOf(text, han)
  if (clauses.length === 0) return VISIBLE.test(text) ? cut(text.trim(), han) : '…'
  const first = (suggestion + (clauses[0] !== undefined && clauses[0].length < SHORT ? 1 : 0)) % clauses.length
  const title = cut(joined(clauses, first, han), han)
  const frames = han ? HAN_FRAMES : LATIN_FRAMES
  const frame = frames[Math.floor(suggestion / clauses.length) % frames.length] ?? '{}'
  return frame.replace('{}', () => (han ? title : capitalised(title)))
}

/** Han phrases are written the same in Traditional and Simplified Chinese. */
const HAN_FRAMES = [
  '{}',
  '必看：{}',
  '{}，一次看懂',
  '最新：{}',
  '{}，就是今天',
  '重磅：{}',
  '一看就懂：{}',
  '{}，不可不知',
  '今日：{}',
  '全新：{}',
]
const LATIN_FRAMES = [
  ...['{}', 'Just In: {}', '{} – At a Glance', "Don't Miss: {}", 'In Short: {}'],
  ...['{} – What to Know', 'Today: {}', '{} – In Brief', 'New: {}', 'Worth a Look: {}'],
]

/** Content may be nothing but signs, or nothing that shows at all. */
const VISIBLE = /[\p{P}\p{S}]/u

const READ_CHARACTERS = 2_000
const SHORT = 5

/** Chinese pauses at a comma where English ends a sentence. */
const HAN_PAUSE = /[。！？!?；;，,、：:\r\n\t|]+/u
const LATIN_PAUSE = /[!?;:\r\n\t|]+|\.(?=\s|$)/u

function clausesOf(text: string, han: boolean): readonly string[] {
  const clauses = text
    .slice(0, READ_CHARACTERS)
    .split(han ? HAN_PAUSE : LATIN_PAUSE)
    .map((clause) => clause.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}%)）」』”"]+$/gu, ''))
    .filter((clause) => /[\p{L}\p{N}]/u.test(clause))
  return [...new Set(clauses)]
}

const HAN_LIMIT = 24
const LATIN_LIMIT = 60

/** A clause, with the next one when both fit into a title. */
function joined(clauses: readonly string[], first: number, han: boolean): string {
  const [clause = '', next] = [clauses[first], clauses[first + 1]]
  if (next === undefined) return clause
  const both = han ? `${clause}，${next}` : `${clause}: ${next}`
  return both.length <= (han ? HAN_LIMIT : LATIN_LIMIT) ? both : clause
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Cut at a whole character, in Latin script at a whole word. */
function cut(text: string, han: boolean): string {
  const limit = han ? HAN_LIMIT : LATIN_LIMIT
  if (text.length <= limit) return text
  let kept = ''
  for (const { segment } of graphemes.segment(text.slice(0, 2 * limit))) {
    if (kept.length + segment.length > limit) break
    kept += segment
  }
  const lastBlank = han ? -1 : kept.lastIndexOf(' ')
  return lastBlank > limit / 2 ? kept.slice(0, lastBlank) : kept
}

const SMALL_WORDS = new Set([
  'a',
  'an',
  'and',
  'as',
  'at',
  'but',
  'by',
  'for',
  'in',
  'of',
  'on',
  'or',
  'the',
  'to',
  'with',
])

function capitalised(title: string): string {
  return title
    .split(' ')
    .map((word, index) => (index > 0 && SMALL_WORDS.has(word) ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ')
}
