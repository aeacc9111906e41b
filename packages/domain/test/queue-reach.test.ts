import { expect, test } from 'vitest'
import { reachOf, type WorkerRoutes } from '../src/index.ts'

const routes: readonly WorkerRoutes[] = [
  {
    'text.paid': [
      { target: 'deepseek/chat', most: 5 },
      { target: 'zhipu/flash', most: 3 },
    ],
    'text.free': [{ target: 'zhipu/flash', most: null }],
    'vision.paid': [],
  },
]
const held = (name: string, state: 'open' | 'probing' | 'ramping', most: number | null = null) => ({
  name,
  state,
  most,
})

test('a queue takes what its candidates take together', () => {
  expect(reachOf('text.paid', routes, [])).toEqual({ most: 8, isReady: true })
  expect(reachOf('text.free', routes, [])).toEqual({ isReady: true })
})

test('a candidate that is out takes nothing, one that comes back what it may', () => {
  expect(reachOf('text.paid', routes, [held('deepseek/chat', 'open')])).toEqual({ most: 3, isReady: true })
  expect(reachOf('text.paid', routes, [held('deepseek/chat', 'ramping', 2)])).toEqual({ most: 5, isReady: true })
  expect(reachOf('text.paid', routes, [held('deepseek/chat', 'ramping', 16)])).toEqual({ most: 8, isReady: true })
  expect(reachOf('text.free', routes, [held('zhipu/flash', 'ramping', 4)])).toEqual({ most: 4, isReady: true })
})

test('while all are out, one task finds out whether they are back', () => {
  const out = [held('deepseek/chat', 'open'), held('zhipu/flash', 'open')]
  expect(reachOf('text.paid', routes, out)).toEqual({ most: 1, isReady: false })
  expect(reachOf('text.free', routes, [held('zhipu/flash', 'probing', 1)])).toEqual({ most: 1, isReady: false })
})

test('a queue that nobody may answer takes nothing', () => {
  expect(reachOf('vision.paid', routes, [])).toEqual({ most: 0, isReady: false })
  expect(reachOf('vision.free', routes, [])).toEqual({ most: 0, isReady: false })
})

test('without a worker, and with one that says nothing, nothing limits anybody', () => {
  expect(reachOf('text.paid', [], [held('deepseek/chat', 'open')])).toEqual({ isReady: true })
  expect(reachOf('text.paid', [...routes, {}], [])).toEqual({ isReady: true })
})

test('while workers differ, the larger limit counts and each target once', () => {
  const other: WorkerRoutes = { 'text.paid': [{ target: 'deepseek/chat', most: 7 }] }
  expect(reachOf('text.paid', [...routes, other], [])).toEqual({ most: 10, isReady: true })
})
