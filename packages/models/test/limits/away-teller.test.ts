import type { FaultCode } from '@magictask/domain'
import { type LogFacts, noLog, testClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import type { Answer } from '../../src/ask.ts'
import { type AwayTarget, AwayTeller } from '../../src/limits/away-teller.ts'
import { createTargetDesk } from '../../src/limits/target-desk.ts'
import { targetNamed } from './made-up-targets.ts'

function setup() {
  const clock = testClock('2026-01-01T00:00:00Z')
  clock.advance(1_000_000)
  const logged: (LogFacts | undefined)[] = []
  const told: AwayTarget[][] = []
  const log = { ...noLog, warn: (_: string, facts?: LogFacts) => logged.push(facts) }
  const teller = new AwayTeller({ clock, log, onAway: (away) => told.push([...away]) })
  const desks = new Map(
    (['p/m', 'q/m'] as const).map((name) => [name, createTargetDesk(name, targetNamed(name), { clock })]),
  )
  const meets = (name: 'p/m' | 'q/m', fault: FaultCode, more: { readonly retryAfterMs?: number } = {}) => {
    const answer: Answer = {
      kind: 'broke',
      fault,
      detail: '',
      provider: '',
      model: '',
      usage: {},
      latencyMs: 1,
      ...more,
    }
    const desk = desks.get(name)
    for (let calls = 0; calls < 5; calls++) desk?.health.ended(answer, desk.health.phase, clock.elapsedMs())
  }
  return {
    meets,
    logged,
    told,
    /** After so long, calls ask for both. */
    lookAfter: (ms: number, areMissed = true) => {
      clock.advance(ms)
      if (areMissed) for (const desk of desks.values()) desk.missedAtMs = clock.elapsedMs()
      teller.tell(desks.values())
    },
  }
}

test('whom calls wait for is told at once, and once a minute at most as long as there are such calls', () => {
  const { meets, lookAfter, logged, told } = setup()
  lookAfter(0)
  expect(told).toEqual([])
  meets('p/m', 'provider.auth_refused')
  lookAfter(0, false)
  meets('q/m', 'provider.unavailable')
  for (let seconds = 0; seconds < 59; seconds++) lookAfter(1_000)
  expect(told).toEqual([[{ target: 'p/m', says: "The provider refused the service's key." }]])
  lookAfter(1_000)
  expect(logged).toEqual([{ targets: 'p/m: auth_refused' }, { targets: 'p/m: auth_refused, q/m: unavailable' }])
  lookAfter(120_000, false)
  expect(told).toHaveLength(2)
})

test('whoever wants to be left alone for a moment is slow, for an hour it is away', () => {
  const { meets, lookAfter, told } = setup()
  meets('p/m', 'provider.rate_limited', { retryAfterMs: 2_000 })
  lookAfter(0)
  expect(told).toEqual([])
  meets('p/m', 'provider.rate_limited', { retryAfterMs: 3_600_000 })
  lookAfter(0)
  expect(told).toEqual([[{ target: 'p/m', says: 'The provider asked us to slow down.' }]])
})
