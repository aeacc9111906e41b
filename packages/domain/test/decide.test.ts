import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  afterFault,
  backoffMs,
  broke,
  decide,
  done,
  FAULTS,
  Fault,
  type FaultCode,
  isRetryable,
  notYet,
  RETRY,
  type RetryPolicy,
} from '../src/index.ts'

const policy = (random: number): RetryPolicy => ({ ...RETRY, random: () => random })
const middle = policy(0.5)
const codes = fc.constantFrom(...Object.keys(FAULTS).filter(isCode))

function isCode(text: string): text is FaultCode {
  return Object.hasOwn(FAULTS, text)
}

test.each([
  { calls: 1, leastMs: 1_000, mostMs: 2_000 },
  { calls: 2, leastMs: 2_000, mostMs: 4_000 },
  { calls: 3, leastMs: 4_000, mostMs: 8_000 },
  { calls: 4, leastMs: 8_000, mostMs: 16_000 },
  { calls: 5, leastMs: 16_000, mostMs: 32_000 },
  { calls: 6, leastMs: 16_000, mostMs: 32_000 },
  { calls: 60, leastMs: 16_000, mostMs: 32_000 },
])('after $calls calls the wait is between $leastMs and $mostMs ms', ({ calls, leastMs, mostMs }) => {
  expect(backoffMs(policy(0), calls)).toBe(leastMs)
  expect(backoffMs(policy(1 - Number.EPSILON), calls)).toBe(mostMs)
})

test.each([
  ['provider.rate_limited', { calls: 1, badAnswers: 0 }, { kind: 'wait', waitMs: 1_500 }],
  ['provider.unavailable', { calls: 5, badAnswers: 2 }, { kind: 'wait', waitMs: 24_000 }],
  ['provider.timeout', { calls: 6, badAnswers: 0 }, { kind: 'give-up' }],
  ['worker.defect', { calls: 2, badAnswers: 0 }, { kind: 'wait', waitMs: 3_000 }],
  ['answer.not_json', { calls: 1, badAnswers: 1 }, { kind: 'ask-again' }],
  ['answer.schema_mismatch', { calls: 5, badAnswers: 2 }, { kind: 'ask-again' }],
  ['answer.truncated', { calls: 3, badAnswers: 3 }, { kind: 'give-up' }],
  ['answer.empty', { calls: 6, badAnswers: 1 }, { kind: 'give-up' }],
  ['answer.refused', { calls: 1, badAnswers: 0 }, { kind: 'give-up' }],
  ['provider.bad_request', { calls: 1, badAnswers: 0 }, { kind: 'give-up' }],
  ['provider.auth_refused', { calls: 1, badAnswers: 0 }, { kind: 'give-up' }],
  ['provider.quota_exhausted', { calls: 1, badAnswers: 0 }, { kind: 'give-up' }],
] as const)('after %s at %o follows %o', (fault, asked, next) => {
  expect(afterFault(fault, asked, middle)).toEqual(next)
})

test("a provider's Retry-After is obeyed when it is longer than the own wait, and only then", () => {
  const once = { calls: 1, badAnswers: 0 }
  expect(afterFault('provider.rate_limited', once, middle, 90_000)).toEqual({ kind: 'wait', waitMs: 90_000 })
  expect(afterFault('provider.rate_limited', once, middle, 10)).toEqual({ kind: 'wait', waitMs: 1_500 })
  expect(afterFault('provider.bad_request', once, middle, 90_000)).toEqual({ kind: 'give-up' })
})

// INCIDENTS 29, 30: one place retries, and the fault table decides
test('whatever goes wrong, no suggestion is asked for more than six times, nor after three bad answers', () => {
  fc.assert(
    fc.property(fc.array(codes, { minLength: 20, maxLength: 20 }), (faults) => {
      const asked = { calls: 0, badAnswers: 0 }
      for (const fault of faults) {
        asked.calls++
        if (FAULTS[fault].remedy === 'ask-again') asked.badAnswers++
        if (afterFault(fault, asked, middle).kind === 'give-up') break
      }
      expect(asked.calls).toBeLessThanOrEqual(6)
      expect(asked.badAnswers).toBeLessThanOrEqual(3)
    }),
  )
})

test('a fault whose remedy is to give up is never repeated, and no other is called final', () => {
  fc.assert(
    fc.property(codes, (code) => {
      const next = afterFault(code, { calls: 1, badAnswers: 1 }, middle)
      expect(next.kind === 'give-up').toBe(!isRetryable(code))
    }),
  )
})

const once = { calls: 1, badAnswers: 0 }

test('all answers make a success, in the order of the suggestions', () => {
  expect(decide([done('"a"'), done('"b"')], middle)).toEqual({ kind: 'succeeded', results: ['"a"', '"b"'] })
})

test('one suggestion beyond hope fails the task, which keeps the answers that there are', () => {
  const verdicts = [done('"a"'), broke(new Fault('provider.bad_request', { detail: 'too long' }), once), done('"c"')]
  expect(decide(verdicts, middle)).toEqual({
    kind: 'failed',
    results: ['"a"', '"c"'],
    fault: 'provider.bad_request',
    detail: 'too long',
  })
})

test('a task waits for the longest of its waits, and that counts as a try', () => {
  const verdicts = [
    broke(new Fault('provider.unavailable'), once),
    broke(new Fault('provider.rate_limited', { retryAfterMs: 60_000 }), once),
    notYet('shutdown'),
    done('"d"'),
  ]
  expect(decide(verdicts, middle)).toEqual({ kind: 'queued', waitMs: 60_000, counted: true })
})

test('a task that was only held up goes back at once and uncounted', () => {
  expect(decide([done('"a"'), notYet('shutdown')], middle)).toEqual({ kind: 'queued', waitMs: 0, counted: false })
})

test('whatever was thrown becomes a fault, with the original as its cause and never as its message', () => {
  const secret = new Error('the key is sk-123')
  const fault = Fault.from(secret, 'worker.defect')
  expect(fault).toMatchObject({
    code: 'worker.defect',
    cause: secret,
    message: FAULTS['worker.defect'].says,
    http: 500,
  })
  expect(Fault.from(fault, 'service.defect')).toBe(fault)
})
