import { testClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import type { Answer } from '../src/ask.ts'
import { AcceptedRate } from '../src/breaker/accepted-rate.ts'
import { BREAKER, openForMs } from '../src/breaker/breaker.ts'
import { TargetHealth } from '../src/breaker/target-health.ts'
import { targetNamed } from './limits/made-up-targets.ts'

const METERED = { provider: 'p', model: 'm', usage: {}, latencyMs: 10 }
const works: Answer = { ...METERED, kind: 'answered', json: '{}' }
const broken = (fault: Extract<Answer, { kind: 'broke' }>['fault'], more: object = {}): Answer => ({
  ...METERED,
  kind: 'broke',
  fault,
  detail: '',
  ...more,
})
const down = broken('provider.unavailable')

/** A target in a fleet of one worker: every change that is wanted is written at once. */
function setup() {
  const clock = testClock('2026-01-01T00:00:00Z')
  const health = new TargetHealth(targetNamed('p/m'))
  let revision = 0
  let leftClosedAtMs: number | undefined
  const write = () => {
    const change = health.change()
    if (change === undefined) return undefined
    const { seen: _, ...state } = change
    revision += 1
    leftClosedAtMs = state.state === 'closed' ? undefined : (leftClosedAtMs ?? clock.elapsedMs())
    health.read({ ...state, forMs: clock.elapsedMs() - (leftClosedAtMs ?? 0), revision }, clock.elapsedMs())
    return state
  }
  return {
    clock,
    health,
    /** Calls come to this, one after another; gives the state that follows. */
    after: (...answers: Answer[]) => {
      for (const answer of answers) {
        health.began(clock.elapsedMs())
        health.ended(answer, health.phase, clock.elapsedMs())
        write()
      }
      return health.state.state
    },
    later: (ms: number, wanted = true) => {
      clock.advance(ms)
      health.tick(wanted, clock.elapsedMs())
      write()
      return health.state.state
    },
  }
}

const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer)

test('five failures in a row take a target out; answers that are wrong in themselves do not', () => {
  const { after } = setup()
  expect(after(...times(40, broken('answer.not_json')), ...times(40, broken('provider.bad_request')))).toBe('closed')
  expect(after(...times(4, down), works, ...times(4, down))).toBe('closed')
  expect(after(down)).toBe('open')
})

test('more than half of many calls failing takes it out too, and calls that were cut off say nothing', () => {
  const { after } = setup()
  const cutOff: Answer = { ...METERED, kind: 'aborted' }
  expect(after(...times(50, cutOff), ...times(3, down), works, ...times(3, down), works)).toBe('closed')
  expect(after(down, down, works)).toBe('open')
})

test('an open target is probed when its time has come and a call is there, and ramps from 2 to closed once a probe works', () => {
  const { after, later, health } = setup()
  after(...times(5, down))
  expect([later(900), health.openness]).toEqual(['open', 'out'])
  expect(later(100, false)).toBe('open')
  expect(later(0)).toBe('probing')
  expect([after(works), health.state.most]).toEqual(['ramping', 2])
  expect([after(works, works), health.state.most]).toEqual(['ramping', 4])
  expect([after(...times(4, works)), health.state.most]).toEqual(['ramping', 8])
  expect(after(...times(8 + 16 + 32 + 64, works))).toBe('closed')
})

test('a probe that fails leaves it out for longer, one that began before the probe says nothing', () => {
  const { after, later, health, clock } = setup()
  const before = health.phase
  after(...times(5, down))
  const waits = Array.from({ length: 7 }, () => {
    const waitMs = health.dueInMs(clock.elapsedMs()) ?? 0
    expect(later(waitMs)).toBe('probing')
    health.ended(works, before, clock.elapsedMs())
    expect(health.change()).toBeUndefined()
    expect(after(down)).toBe('open')
    return waitMs
  })
  expect(waits).toEqual([1_000, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000])
})

test('twenty seconds away are found over within four, ten minutes within eight, and cost few probes', () => {
  expect(openForMs(20_000)).toBeLessThanOrEqual(4_000)
  const opened: number[] = []
  for (let awayMs = 0; awayMs < 600_000; awayMs += openForMs(awayMs)) opened.push(openForMs(awayMs))
  expect(Math.max(...opened)).toBeLessThanOrEqual(8_000)
  // With the calls of 64 slots that were under way when it went, a tenth of 2,000 tasks is far off.
  expect(opened.length).toBeLessThan(100)
})

test('a probe that does not come back is followed by another, up to a few', () => {
  const { after, later, health } = setup()
  after(...times(5, down))
  later(1_000)
  for (let more = 0; more < 20; more++) later(BREAKER.nextProbeMs)
  expect([health.state.state, health.state.most]).toEqual(['probing', BREAKER.mostProbes])
})

test('a target that wants to be left alone is, as long as it says, and comes back without probes at the rate that it took', () => {
  const { after, later, health, clock } = setup()
  after(...times(20, works))
  expect(after(broken('provider.rate_limited', { retryAfterMs: 2_000 }))).toBe('open')
  expect(health.state.reason).toBe('rate_limited')
  after(broken('provider.rate_limited', { retryAfterMs: 5_000 }))
  clock.advance(4_900)
  expect(health.dueInMs(clock.elapsedMs())).toBe(100)
  clock.advance(100)
  health.tick(false, clock.elapsedMs())
  expect([health.learns, health.openness]).toEqual([true, 'out'])
  expect(health.learnedPerSecond(undefined, clock.elapsedMs())).toBeCloseTo((20 / 5) * 0.9)
  expect(later(0)).toBe('closed')
})

test('whoever is overloaded and says for how long is left alone that long, from the first call on, and then probed', () => {
  const { after, later, health, clock } = setup()
  expect(after(works, broken('provider.capacity', { retryAfterMs: 0 }))).toBe('closed')
  expect(after(broken('provider.capacity', { retryAfterMs: 120_000 }))).toBe('open')
  expect([health.state.reason, health.dueInMs(clock.elapsedMs())]).toEqual(['capacity', 120_000])
  expect([later(119_000), later(1_000)]).toEqual(['open', 'probing'])
  after(broken('provider.unavailable', { retryAfterMs: 3_600_000 }))
  expect(health.dueInMs(clock.elapsedMs())).toBe(3_600_000)
})

test('a wait of an hour is kept to', () => {
  const { after, health, clock } = setup()
  after(broken('provider.rate_limited', { retryAfterMs: 3_600_000 }))
  expect(health.dueInMs(clock.elapsedMs())).toBe(3_600_000)
})

test('what was learned is lowered by the share that was refused since', () => {
  const { after, health, clock } = setup()
  health.learnedPerSecond(undefined, 0)
  after(...times(9, works), broken('provider.rate_limited'))
  expect(health.learnedPerSecond(20, clock.elapsedMs())).toBeCloseTo(20 * 0.9 * 0.9)
})

test('a refused key takes out the whole provider for a minute', () => {
  const { after, health, clock } = setup()
  expect(after(broken('provider.auth_refused'))).toBe('open')
  expect([health.state.reason, health.dueInMs(clock.elapsedMs())]).toEqual(['auth_refused', 60_000])
})

test('what does not answer is told, with when it is looked at; what only wants to be left alone is not', () => {
  const away = setup()
  const outage = () => away.health.outage(away.clock.elapsedMs())
  expect(outage()).toBeUndefined()
  away.after(...times(5, down))
  away.later(400)
  expect(outage()).toEqual({ forMs: 600, isRefused: false, revision: 1 })
  away.later(600)
  expect(away.health.state.state).toBe('probing')
  expect(outage()).toMatchObject({ isRefused: false })
  away.after(works)
  expect(outage()).toBeUndefined()
  away.after(broken('provider.rate_limited', { retryAfterMs: 60_000 }))
  expect([away.health.state.state, outage()]).toEqual(['open', undefined])

  const refused = setup()
  refused.after(broken('provider.quota_exhausted'))
  expect(refused.health.outage(refused.clock.elapsedMs())).toEqual({ forMs: 60_000, isRefused: true, revision: 1 })
})

test("an admin's word holds whatever calls come to", () => {
  const { after, health, clock } = setup()
  health.read({ name: 'p/m', state: 'closed', forMs: 0, revision: 1, forced: 'closed' }, clock.elapsedMs())
  expect([after(...times(20, down)), health.openness]).toEqual(['closed', 'usual'])
  health.read({ name: 'p/m', state: 'closed', forMs: 0, revision: 2, forced: 'open' }, clock.elapsedMs())
  expect([after(works), health.openness]).toEqual(['closed', 'out'])
})

test('what takes a target out holds here at once; what lets calls through waits for the fleet', () => {
  const { after, health, clock } = setup()
  after(...times(4, down))
  health.ended(down, health.phase, clock.elapsedMs())
  expect([health.openness, health.change()?.state]).toEqual(['out', 'open'])
  health.read({ name: 'p/m', state: 'ramping', most: 4, forMs: 9, revision: 7 }, clock.elapsedMs())
  expect([health.openness, health.change()]).toEqual(['limited', undefined])
})

test('the rate that was taken counts from its first call, and forgets what is older than ten seconds', () => {
  const rate = new AcceptedRate()
  for (let call = 0; call < 64; call++) rate.began(5_000)
  for (let call = 0; call < 44; call++) rate.refused(5_010)
  expect(rate.perSecond(6_000)).toBeCloseTo(20)
  expect(rate.perSecond(9_000)).toBeCloseTo(5)
  expect(rate.perSecond(16_000)).toBe(0)
  expect([rate.takeShare(), rate.takeShare()]).toEqual([20 / 64, undefined])
})
