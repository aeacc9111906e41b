import { expect, test } from 'vitest'
import {
  answererOf,
  type FleetView,
  type LivingWorker,
  poolStatuses,
  type TargetState,
  targetStatuses,
} from '../src/index.ts'

const ROUTES = {
  'text.paid': [
    { target: 'deepseek/chat', most: 5 },
    { target: 'local/org/model', most: null },
  ],
  'text.free': [{ target: 'local/org/model', most: null }],
}

function viewOf(targets: readonly TargetState[], calls: readonly LivingWorker['calls'][] = [{}, {}]): FleetView {
  return {
    workers: calls.map((ofWorker, n) => ({
      workerId: `w${n}`,
      slots: 16,
      running: 0,
      calls: ofWorker,
      routes: ROUTES,
      version: 'test',
    })),
    limits: [],
    targets: { targets, learned: new Map([['requests:local/org/model', 18]]), workers: calls.length },
  }
}

const open: TargetState = {
  name: 'deepseek/chat',
  state: 'open',
  reason: 'unavailable',
  forMs: 9,
  untilInMs: 700,
  revision: 3,
}

test('every target says how it is, and why it is not asked', () => {
  expect(targetStatuses(viewOf([open]))).toEqual([
    {
      target: 'deepseek/chat',
      provider: 'deepseek',
      model: 'chat',
      state: 'open',
      reason: 'unavailable',
      isForced: false,
      nextLookInMs: 700,
    },
    {
      target: 'local/org/model',
      provider: 'local',
      model: 'org/model',
      state: 'closed',
      isForced: false,
      callsPerSecond: 18,
    },
  ])
})

test('the pool counts the calls of all workers, against the limit of the queue or all slots', () => {
  const calls = [{ 'text.paid/deepseek': 2, 'text.free/local': 1 }, { 'text.paid/deepseek': 3 }]
  expect(poolStatuses(viewOf([], calls))).toEqual([
    { queue: 'text.free', provider: 'local', active: 1, most: 32 },
    { queue: 'text.paid', provider: 'deepseek', active: 5, most: 5 },
    { queue: 'text.paid', provider: 'local', active: 0, most: 32 },
  ])
})

test('who embeds is listed with the others, and answers no tier', () => {
  const view = viewOf([], [{ 'embeddings/openai': 3 }])
  const routes = { embeddings: [{ target: 'openai/small', most: 4 }] }
  const embedding = { ...view, workers: view.workers.map((worker) => ({ ...worker, routes })) }
  expect(targetStatuses(embedding)).toMatchObject([{ target: 'openai/small', state: 'closed' }])
  expect(poolStatuses(embedding)).toEqual([{ queue: 'embeddings', provider: 'openai', active: 3, most: 4 }])
  expect(answererOf(embedding, 'paid')).toBeUndefined()
})

test('a tier gets the first of its candidates that is not out, an admin having the last word', () => {
  expect(answererOf(viewOf([]), 'paid')?.target).toBe('deepseek/chat')
  expect(answererOf(viewOf([open]), 'paid')?.target).toBe('local/org/model')
  expect(answererOf(viewOf([{ ...open, forced: 'closed' }]), 'paid')).toMatchObject({
    target: 'deepseek/chat',
    isForced: true,
  })
  const none = [open, { ...open, name: 'local/org/model', state: 'probing' as const, most: 1 }]
  expect(answererOf(viewOf(none), 'paid')).toBeUndefined()
})
