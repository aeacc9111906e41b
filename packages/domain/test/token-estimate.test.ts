import { expect, test } from 'vitest'
import { estimatedTokens } from '../src/index.ts'

test('a task is thought to take more the longer its content and the more suggestions it wants', () => {
  const short = estimatedTokens({ content: '買一送一', suggestions: 1 })
  expect(estimatedTokens({ content: '買一送一'.repeat(100), suggestions: 1 })).toBe(short + 4 * 99)
  expect(estimatedTokens({ content: '買一送一', suggestions: 3 })).toBe(3 * short)
})
