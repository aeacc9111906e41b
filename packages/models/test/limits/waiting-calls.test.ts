import { FairOrder, type Lane } from '@magictask/domain'
import { expect, test } from 'vitest'
import type { CallKind } from '../../src/limits/call-kinds.ts'
import { SlotAccount } from '../../src/limits/slot-account.ts'
import { createTargetDesk } from '../../src/limits/target-desk.ts'
import { WaitingCalls } from '../../src/limits/waiting-calls.ts'
import { candidateOf, grantOf, routeOf, STILL, targetNamed, wishOf } from './made-up-targets.ts'

const kindOf = (): CallKind => ({ route: routeOf('text.paid'), choices: [] })

/** Calls that wait, of a hundred tokens each. */
function waitingCalls() {
  const calls = new WaitingCalls(new FairOrder())
  const add = (kind: CallKind, tenant: string, lane: Lane = 'normal') =>
    calls.add({
      kind,
      wish: wishOf(tenant, lane),
      signal: new AbortController().signal,
      admit: () => undefined,
    })
  const start = (count: number) =>
    Array.from({ length: count }, () => {
      const [first, ...others] = [...calls.kinds()].map((kind) => kind.first)
      if (first === undefined) throw new Error('nothing waits')
      const next = others.reduce((before, other) => (calls.isBefore(other, before) ? other : before), first)
      calls.start(next)
      return next
    })
  return { calls, add, start }
}

test('a call of another tenant starts next beside a flood, of the same kind or of another', () => {
  const { add, start } = waitingCalls()
  const kind = kindOf()
  for (let n = 0; n < 50; n++) add(kind, 'flood')
  start(20)
  add(kind, 'same-kind')
  add(kindOf(), 'other-kind')
  expect(start(3).map(({ tenant }) => tenant)).toEqual(expect.arrayContaining(['same-kind', 'other-kind']))
})

test('the lanes of a kind start by their weights', () => {
  const { add, start } = waitingCalls()
  const kind = kindOf()
  for (let n = 0; n < 30; n++) for (const lane of ['low', 'normal', 'high'] as const) add(kind, 'one', lane)
  const started = start(24).map(({ lane }) => lane)
  expect(['high', 'normal', 'low'].map((lane) => started.filter((each) => each === lane).length)).toEqual([16, 6, 2])
})

test("a tenant's calls that were put back are as near to their start when they return", () => {
  const { calls, add, start } = waitingCalls()
  const kind = kindOf()
  for (let n = 0; n < 20; n++) add(kind, 'flood')
  for (let round = 0; round < 6; round++) {
    const back = [add(kind, 'other'), add(kind, 'other')]
    for (const call of back) calls.remove(call)
  }
  add(kind, 'other')
  expect(start(2).map(({ tenant }) => tenant)).toContain('other')
})

test('a call that waits no more is counted no more, and holds up nobody', () => {
  const { calls, add } = waitingCalls()
  const kind = kindOf()
  const [first, second] = [add(kind, 'one'), add(kind, 'one')]
  calls.remove(first)
  calls.remove(first)
  expect([calls.size, calls.countOf('text.paid'), [...calls.kinds()][0]?.first]).toEqual([1, 1, second])
  calls.start(second)
  expect([calls.size, calls.has(kind), [...calls.kinds()]]).toEqual([0, false, []])
})

test('in the same place, whose calls are under way stands behind whose are not', () => {
  const { calls, add, start } = waitingCalls()
  const kind = kindOf()
  calls.began(wishOf('flood'))
  add(kind, 'flood')
  add(kind, 'single')
  expect(start(2).map(({ tenant }) => tenant)).toEqual(['single', 'flood'])
  calls.ended(wishOf('flood'))
  add(kind, 'flood')
  add(kind, 'single')
  expect(start(2).map(({ tenant }) => tenant)).toEqual(['flood', 'single'])
})

test('of those that wait here, who has had no call in the whole fleet for long starts before who comes first here', () => {
  const { add, start } = waitingCalls()
  const slots = new SlotAccount('all', 1, STILL)
  const flood = { lane: 'normal', tenant: 'flood' } as const
  slots.granted(grantOf({ others: [{ underWay: [{ ...flood, calls: 1 }] }] }))
  const desk = createTargetDesk('p/m', targetNamed('p/m'), STILL)
  const choice = {
    candidate: candidateOf('p/m', 1),
    desk,
    slots: [slots],
    rates: [],
    pool: { name: '', calls: 0 },
    served: 0,
  }
  const kind = { route: routeOf('text.paid', choice.candidate), choices: [choice] }
  for (let n = 0; n < 3; n++) add(kind, 'flood')
  add(kind, 'single')
  add(kind, 'single')
  expect(start(3).map(({ tenant }) => tenant)).toEqual(['single', 'single', 'flood'])
})
