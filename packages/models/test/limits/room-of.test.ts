import { FairOrder } from '@magictask/domain'
import { expect, test } from 'vitest'
import type { Answer } from '../../src/ask.ts'
import { CallKinds } from '../../src/limits/call-kinds.ts'
import { roomOf } from '../../src/limits/room-of.ts'
import { WaitingCalls } from '../../src/limits/waiting-calls.ts'
import { candidateOf, grantOf, routeOf, STILL, targetNamed, wishOf } from './made-up-targets.ts'

/** A limit of two slots at one target, whose calls take so long. */
function twoSlots(latencyMs: number) {
  const kinds = new CallKinds({
    ...STILL,
    targets: new Map([['p/m', targetNamed('p/m')]]),
    routes: new Map([['text.paid', routeOf('text.paid', candidateOf('p/m', 1, 2))]]),
    limits: { providers: new Map(), magicTypes: new Map() },
  })
  const kind = kinds.kindOf(wishOf('t'))
  const waiting = new WaitingCalls(new FairOrder())
  const answer: Answer = { kind: 'answered', json: '{}', provider: 'p', model: 'm', usage: {}, latencyMs }
  for (const desk of kinds.desks.values()) desk.health.ended(answer, desk.health.phase, 0)
  const [account] = kinds.slots.values()
  if (account === undefined) throw new Error('nothing is limited')
  const parts = { kinds, waiting, routes: new Map(), busy: () => 0, slots: () => 64 }
  return { account, room: () => roomOf(parts, kind) }
}

test('idle slots have room for as much more as busy ones, and for what starts in them at once', () => {
  const { account, room } = twoSlots(100)
  expect(room()).toBe(2 + 16)
  account.expect(2)
  account.wish(1)
  account.granted(grantOf({ held: 2 }))
  account.take(wishOf('t'))
  account.take(wishOf('t'))
  expect(room()).toBe(16)
})

test('where calls take long there is room for the next few, and no more', () => {
  const { account, room } = twoSlots(60_000)
  expect(room()).toBe(2 + 2)
  account.expect(2)
  account.wish(1)
  account.granted(grantOf({ held: 2 }))
  account.take(wishOf('t'))
  account.take(wishOf('t'))
  expect(room()).toBe(2)
})
