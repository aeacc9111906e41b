import { expect, test } from 'vitest'
import { topicNames } from '../src/index.ts'

test('all names follow from the base topic', () => {
  expect(topicNames('magic-task')).toEqual({
    lanes: { high: 'magic-task.high', normal: 'magic-task', low: 'magic-task.low' },
    results: 'magic-task.results',
    deadLetters: 'magic-task.dead-letters',
  })
})

test('results and dead letters may have names of their own', () => {
  expect(topicNames('base', { results: 'answers', deadLetters: 'morgue' })).toMatchObject({
    results: 'answers',
    deadLetters: 'morgue',
  })
})
