import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readAnswer } from '../src/structured-answer.ts'

const format = {
  name: 'titled',
  schema: z.object({ title: z.string().trim().min(1), tags: z.array(z.string()).optional(), is_spam: z.boolean() }),
}
const GOOD = '{"title":"a {fine} \\"title\\"","is_spam":false}'
const WRONG = '{"title":"t"}'

const read = (text: string, more: { readonly finishReason?: string; readonly refused?: boolean } = {}) =>
  readAnswer({ text, finishReason: 'stop', refused: false, usage: {}, ...more }, { format })

describe('what is around an answer, or nearly right in it, is mended without a call', () => {
  test.each([
    ['a code fence', `\`\`\`json\n${GOOD}\n\`\`\``],
    ['a code fence that is not closed', `\`\`\`\n${GOOD}\n`],
    ['sentences', `Sure, it's done: ${GOOD} Anything else?`],
    ['brackets in sentences', `See [1] and {2}: ${GOOD} [end]`],
    ['a draft in its thoughts', `<think>{"title":"draft","is_spam":true} or {no</think>${GOOD}`],
    [
      'a thought that is told in the answer',
      `Sure: {"title":"<think>","is_spam":false}`,
      '{"title":"<think>","is_spam":false}',
    ],
    ['the answer said twice', `${GOOD}\nOnce more:\n${GOOD}`],
    ['an answer beside what is none', `${WRONG}\nNo, rather:\n${GOOD}`],
    ['single quotes', `{'title': 'a {fine} "title"', 'is_spam': False}`],
    ['a comma too many', GOOD.replace('false}', 'false,}')],
    ['a comment', GOOD.replace(',', ', // as asked\n')],
    ['names without quotes', GOOD.replace('"title":', 'title:')],
  ])('%s', (_, text, json = GOOD) => {
    expect(read(text)).toEqual({ kind: 'answered', json, mended: true })
  })

  test('and only then it says so', () => {
    expect(read(` ${GOOD}\n`)).toEqual({ kind: 'answered', json: GOOD })
  })
})

describe('what is missing is never made up', () => {
  test.each([
    ['in a string', '{"title":"a fine ti'],
    ['in an object', '{"title":"a fine title","is_spam":false'],
    ['in an array', '[{"title":"a fine title","is_spam":false}'],
    ['after a whole value', `${GOOD} and {"title":`],
    ['in a fence', '```json\n{"title":"a fine title","is_spam":'],
    ['in a string of single quotes', "{'title': 'a fine"],
    ['in a thought', `<think>I could say ${GOOD}`],
    ['in a second thought', `<think>Hm.</think> Let me see. <think>${GOOD}`],
    ['in a thought without a draft', '<think>Hm, let me see'],
  ])('a text that ends %s was cut off, whatever the model says', (_, text) => {
    expect(read(text)).toMatchObject({ kind: 'broke', fault: 'answer.truncated' })
    expect(read(text, { finishReason: 'length' })).toMatchObject({ kind: 'broke', fault: 'answer.truncated' })
  })

  test('one that says it was cut off is not mended, but is good when it is whole', () => {
    expect(read(`Sure: ${GOOD}`, { finishReason: 'length' })).toMatchObject({ fault: 'answer.truncated' })
    expect(read(WRONG, { finishReason: 'length' })).toMatchObject({ fault: 'answer.truncated' })
    expect(read(`${GOOD}\n\n\n`, { finishReason: 'length' })).toEqual({ kind: 'answered', json: GOOD })
  })

  const answers = fc.record({ title: fc.string(), tags: fc.array(fc.string()), is_spam: fc.boolean() })
  const prose = fc.string({ unit: fc.constantFrom(...'ab :,."\'`\n') })

  test('no beginning of an answer is an answer', () => {
    fc.assert(
      fc.property(answers, prose, fc.nat(), (answer, before, cut) => {
        const text = JSON.stringify(answer)
        const { kind } = read(before + text.slice(0, 1 + (cut % (text.length - 1))))
        expect(kind).toBe('broke')
      }),
    )
  })

  test('an answer is found whole between any sentences', () => {
    const titled = answers.filter(({ title }) => title.trim() !== '')
    fc.assert(
      fc.property(titled, prose, prose, (answer, before, after) => {
        const expected = JSON.stringify({ ...answer, title: answer.title.trim() })
        expect(read(`${before}${JSON.stringify(answer)}${after}`)).toMatchObject({ kind: 'answered', json: expected })
      }),
    )
  })
})

describe('what cannot be mended is a fault', () => {
  test('two answers that differ: which of them is meant is not guessed', () => {
    const text = `You wrote {"title":"an example","is_spam":true}\nMy answer:\n${GOOD}`
    expect(read(text)).toMatchObject({ fault: 'answer.not_json', said: text })
    expect(read(`${text}\n${WRONG}`)).toMatchObject({ fault: 'answer.not_json' })
  })

  test('what it said is cut, but never into what no JSON can hold', () => {
    const said = read(`x${'🎉'.repeat(16_000)}`)
    expect('said' in said && said.said?.length === 16_000 && said.said.isWellFormed()).toBe(true)
  })

  test.each([
    ['no JSON', 'A fine title.', 'answer.not_json'],
    ['the wrong shape', WRONG, 'answer.schema_mismatch'],
    ['the wrong shape between sentences', `Sure: ${WRONG}.`, 'answer.schema_mismatch'],
    ['nothing', ' \n', 'answer.empty'],
  ])('%s, and what it said comes with it', (_, text, fault) => {
    const answer = read(text)
    expect(answer).toMatchObject({ kind: 'broke', fault })
    expect('said' in answer ? answer.said : '').toBe(fault === 'answer.empty' ? '' : text)
  })

  test('a detail says where it is wrong and not what it says', () => {
    const answer = read('{"title":"secret","is_spam":"secret"}')
    expect(answer).toMatchObject({ detail: expect.stringContaining('invalid_type at /is_spam') })
    expect('detail' in answer ? answer.detail : '').not.toContain('secret')
  })

  test('a refusal is one whatever the text', () => {
    expect(read(GOOD, { refused: true })).toMatchObject({ fault: 'answer.refused' })
    expect(read(GOOD, { finishReason: 'content_filter' })).toMatchObject({ fault: 'answer.refused' })
  })
})

const FOUR_MIB = 4 * 1024 * 1024
const fill = (piece: string) => piece.repeat(FOUR_MIB / piece.length)

test.each([
  ['opening brackets', fill('{')],
  ['closed brackets', fill('{}')],
  ['nested brackets', '['.repeat(FOUR_MIB / 2) + ']'.repeat(FOUR_MIB / 2)],
  ['quotes', `{${fill('"a" ')}}`],
  ['open strings', fill('{"a:')],
  ['fences', fill('```\n')],
  ['thoughts', fill('</think>')],
  ['apostrophes', `{${fill("'a' ")}}`],
  ['nearly right values', fill("{'a':1} ")],
])('four MiB of %s are a fault, and soon', (_, text) => {
  const answer = read(text)
  expect(answer.kind).toBe('broke')
  expect('said' in answer ? answer.said?.length : 0).toBeLessThanOrEqual(16_000)
})
