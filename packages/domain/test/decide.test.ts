import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Asked,
  afterCall,
  afterFault,
  askedBy,
  backoffMs,
  broke,
  decide,
  done,
  FAULTS,
  Fault,
  type FaultCode,
  isFaultCode,
  isSpent,
  mayStandIn,
  NEVER_ASKED,
  notYet,
  type PastCall,
  RETRY,
  type RetryPolicy,
  type TargetName,
  type Verdict,
} from '../src/index.ts'

const policy = (random: number): RetryPolicy => ({ ...RETRY, random: () => random })
const middle = policy(0.5)
const codes = fc.constantFrom(...Object.keys(FAULTS).filter(isFaultCode))
const A: TargetName = 'one/model'
const B: TargetName = 'two/model'

const asked = (...outcomes: readonly FaultCode[]): Asked =>
  askedBy(
    outcomes.map((outcome) => ({ target: A, outcome })),
    middle,
  )
const times = (calls: number): Asked => ({ ...NEVER_ASKED, calls })

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

const later = (waitMs: number) => ({ kind: 'elsewhere-or-wait', waitMs })

test.each([
  [['provider.rate_limited'], later(1_500)],
  [['provider.capacity'], later(1_500)],
  [['provider.timeout', 'provider.reset'], later(3_000)],
  [['answer.not_json', 'answer.empty', 'provider.reset', 'provider.capacity', 'provider.unavailable'], later(24_000)],
  [Array(6).fill('provider.timeout'), { kind: 'give-up' }],
  [['worker.defect', 'worker.defect'], later(3_000)],
  [['provider.auth_refused'], later(24_000)],
  [Array(20).fill('provider.quota_exhausted'), later(24_000)],
  [['answer.not_json'], { kind: 'repair' }],
  [['provider.timeout', 'answer.schema_mismatch'], { kind: 'repair' }],
  [['answer.not_json', 'answer.truncated'], { kind: 'next-candidate' }],
  [[...Array(5).fill('provider.timeout'), 'answer.empty'], { kind: 'give-up' }],
  [['answer.refused'], { kind: 'next-candidate' }],
  [['provider.bad_request'], { kind: 'next-candidate' }],
  [['provider.context_too_long'], { kind: 'next-candidate' }],
  [['provider.model_unknown'], { kind: 'next-candidate' }],
  [['catalogue.empty'], { kind: 'give-up' }],
] satisfies [FaultCode[], object][])('after %j follows %o', (faults, next) => {
  const fault = faults.at(-1)
  if (fault === undefined) throw new Error('a fault is wanted')
  expect(afterFault({ fault, target: A }, asked(...faults), middle)).toEqual(next)
})

test("a provider's Retry-After is obeyed when it is longer than the own wait, and only then", () => {
  expect(afterFault({ fault: 'provider.rate_limited', retryAfterMs: 90_000 }, times(1), middle)).toEqual(later(90_000))
  expect(afterFault({ fault: 'provider.rate_limited', retryAfterMs: 10 }, times(1), middle)).toEqual(later(1_500))
  expect(afterFault({ fault: 'provider.bad_request', retryAfterMs: 90_000 }, times(1), middle).kind).toBe(
    'next-candidate',
  )
})

test('a candidate is not asked again after two bad answers, nor after what it can never do', () => {
  expect(asked('answer.not_json').without).toEqual(new Set())
  expect(asked('answer.not_json', 'answer.empty').without).toEqual(new Set([A]))
  expect(asked('provider.context_too_long').without).toEqual(new Set([A]))
  expect(asked('provider.unavailable', 'provider.auth_refused').without).toEqual(new Set())
  const elsewhere = afterCall(asked('answer.not_json'), { target: B, outcome: 'answer.not_json' }, middle)
  expect(elsewhere).toMatchObject({ calls: 2, without: new Set(), lastFault: 'answer.not_json' })
})

test('only answers that were wrong may be stood in for: a service that is away is waited for', () => {
  expect(mayStandIn(asked('provider.timeout', 'provider.bad_request'))).toBe(false)
  expect(mayStandIn(asked('answer.not_json', 'provider.timeout'))).toBe(true)
})

test('what was cut off says nothing, and what another version wrote is a call all the same', () => {
  const calls: readonly PastCall[] = [
    { target: A, outcome: 'aborted' },
    { target: A, outcome: 'answered' },
    { target: A, outcome: 'provider.of_tomorrow' },
  ]
  expect(askedBy(calls, middle)).toEqual({ ...NEVER_ASKED, calls: 2 })
})

/** One suggestion with two candidates, as the loop that asks lives it: how often each was asked until nothing more may be. */
function live(faults: readonly FaultCode[]): { readonly attempts: readonly PastCall[]; readonly asked: Asked } {
  const attempts: PastCall[] = []
  let so: Asked = NEVER_ASKED
  let target: TargetName = A
  for (const outcome of faults) {
    attempts.push({ target, outcome })
    so = afterCall(so, { target, outcome }, middle)
    const next = afterFault({ fault: outcome, target }, so, middle)
    const others = [A, B].filter((each) => !so.without.has(each))
    if (next.kind === 'give-up' || others.length === 0) break
    if (next.kind !== 'repair') target = others.find((each) => each !== target) ?? target
  }
  return { attempts, asked: so }
}

// INCIDENTS 29, 30: one place retries, and the fault table decides
test('whatever goes wrong, a suggestion has six attempts at most, and two bad answers of a candidate', () => {
  fc.assert(
    fc.property(fc.array(codes, { minLength: 30, maxLength: 30 }), (faults) => {
      const { attempts, asked } = live(faults)
      const counted = attempts.filter(({ outcome }) => isFaultCode(outcome) && FAULTS[outcome].remedy !== 'outlast')
      expect(counted.length).toBeLessThanOrEqual(6)
      expect(asked.calls).toBe(counted.length)
      expect(Math.max(0, ...asked.badAnswers.values())).toBeLessThanOrEqual(2)
    }),
  )
})

test('a candidate that is out of the question for a suggestion is never asked for it again', () => {
  fc.assert(
    fc.property(fc.array(codes, { minLength: 30, maxLength: 30 }), (faults) => {
      const { attempts } = live(faults)
      for (const at of attempts.keys()) {
        const { without } = askedBy(attempts.slice(0, at), middle)
        expect(without.has(attempts[at]?.target ?? A)).toBe(false)
      }
    }),
  )
})

test('calls may be counted in one go or over many claims: what follows is the same', () => {
  const calls = fc.array(fc.record({ target: fc.constantFrom(A, B), outcome: codes }), { maxLength: 10 })
  fc.assert(
    fc.property(calls, fc.nat(10), (all, cut) => {
      const before = askedBy(all.slice(0, cut), middle)
      expect(all.slice(cut).reduce((so, call) => afterCall(so, call, middle), before)).toEqual(askedBy(all, middle))
      expect(isSpent(askedBy(all, middle), middle)).toBe(askedBy(all, middle).calls >= 6)
    }),
  )
})

const answer = (text: string): Verdict => done(text, { kind: 'model' })

test('all answers make a success, in the order of the suggestions', () => {
  expect(decide([answer('"a"'), answer('"b"')], middle)).toEqual({ kind: 'succeeded', results: ['"a"', '"b"'] })
})

test('one suggestion beyond hope fails the task, which keeps the answers that there are', () => {
  const beyond = broke(new Fault('provider.bad_request', { detail: 'too long' }), times(1))
  expect(decide([answer('"a"'), beyond, answer('"c"')], middle)).toEqual({
    kind: 'failed',
    results: ['"a"', '"c"'],
    fault: 'provider.bad_request',
    detail: 'too long',
  })
})

test('a task waits for the longest of its waits, and that counts as a try', () => {
  const verdicts = [
    broke(new Fault('provider.unavailable'), times(1)),
    broke(new Fault('provider.rate_limited', { retryAfterMs: 60_000 }), times(1)),
    notYet('shutdown'),
    answer('"d"'),
  ]
  expect(decide(verdicts, middle)).toEqual({ kind: 'queued', waitMs: 60_000, counted: true })
})

test('a task waits for the return of whoever makes it wait longest', () => {
  const broken = (target: TargetName, retryAfterMs: number): Verdict => {
    const fault = 'provider.rate_limited' as const
    return { kind: 'broke', fault, detail: fault, asked: times(1), target, retryAfterMs }
  }
  const verdicts = [broken(A, 5_000), broken(B, 9_000), notYet('probe-failed')]
  expect(decide(verdicts, middle)).toEqual({ kind: 'queued', waitMs: 9_000, counted: true, waitsFor: B })
})

test('a task that was only held up goes back uncounted, at once or after a moment', () => {
  expect(decide([answer('"a"'), notYet('shutdown')], middle)).toEqual({ kind: 'queued', waitMs: 0, counted: false })
  expect(decide([notYet('probe-failed'), notYet('no-slot')], middle)).toMatchObject({ waitMs: 1_000, counted: false })
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
