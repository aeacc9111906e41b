import { workerGroup } from '@magictask/contracts'
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

test('installations that differ in their base topic share no group of workers', () => {
  expect(workerGroup(topicNames('magic-task'), 'low')).toBe('llm-worker.low')
  expect(workerGroup(topicNames('staging'), 'low')).toBe('llm-worker.staging.low')
})
