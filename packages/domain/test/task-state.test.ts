import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  happen,
  isTerminal,
  type NextKind,
  nextKinds,
  POISON,
  type StateOf,
  TASK_STATE_KINDS,
  type TaskEvent,
  type TaskState,
  TERMINAL_KINDS,
  WorkerId,
} from '../src/index.ts'

const queued: TaskState = { kind: 'queued', fence: 0, deaths: 0, tries: 0 }
const worker = WorkerId.parse('0b3f8f0e-1c1b-4c8e-9a53-3f0f4f0b7a11')

const fence = fc.integer({ min: 0, max: 6 })
const event: fc.Arbitrary<TaskEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim'), worker: fc.constant(worker) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry'), fence }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('give-back'), fence }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('worker-died'), culprit: fc.boolean() }) },
  fc.record({ kind: fc.constant('settle'), fence, to: fc.constantFrom('succeeded', 'expired') }),
  fc.record({
    kind: fc.constant('settle'),
    fence,
    to: fc.constant('failed'),
    fault: fc.constant('worker.defect'),
  }),
  fc.record({ kind: fc.constantFrom('cancel', 'deadline-passed') }),
)

/** Every state that the events lead through, the first one included. */
function lifeOf(events: readonly TaskEvent[]): readonly TaskState[] {
  const life = [queued]
  for (const one of events) life.push(happen(life.at(-1) ?? queued, one))
  return life
}

const steps = (life: readonly TaskState[]) =>
  life.slice(1).map((after, index) => ({ before: life[index] ?? queued, after }))

const always = (holds: (life: readonly TaskState[], events: readonly TaskEvent[]) => void) =>
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => holds(lifeOf(events), events)),
    { numRuns: 2_000 },
  )

test('no sequence of events leaves the state machine', () => {
  always((life) => {
    for (const { before, after } of steps(life)) {
      if (after !== before) expect(nextKinds(before.kind)).toContain(after.kind)
    }
  })
})

test('nothing leaves a terminal state', () => {
  always((life) => {
    const end = life.findIndex((state) => isTerminal(state.kind))
    if (end >= 0) expect(new Set(life.slice(end)).size).toBe(1)
  })
})

test('fence, deaths and tries never fall, and only a claim raises the fence, by one', () => {
  always((life, events) => {
    for (const [index, { before, after }] of steps(life).entries()) {
      expect(after.deaths).toBeGreaterThanOrEqual(before.deaths)
      expect(after.tries).toBeGreaterThanOrEqual(before.tries)
      const claimed = events[index]?.kind === 'claim' && before.kind === 'queued'
      expect(after.fence).toBe(before.fence + (claimed ? 1 : 0))
    }
  })
})

test('a verdict that names another fence changes nothing', () => {
  always((life, events) => {
    for (const [index, { before, after }] of steps(life).entries()) {
      const happened = events[index]
      if (happened !== undefined && 'fence' in happened && happened.fence !== before.fence) expect(after).toBe(before)
    }
  })
})

// PROTOCOL 2: poison at five deaths, three of them as the suspect
test('a task that killed five workers is poison, and not one death earlier', () => {
  let state: TaskState = queued
  for (let deaths = 1; deaths <= POISON.failFrom; deaths++) {
    state = happen(happen(state, { kind: 'claim', worker }), { kind: 'worker-died', culprit: true })
    expect(state).toMatchObject({ kind: deaths < POISON.failFrom ? 'queued' : 'failed', deaths })
  }
  expect(state).toMatchObject({ fault: 'task.poison' })
})

test('who runs beside a suspect may lose any number of workers', () => {
  let state: TaskState = queued
  for (let round = 0; round < 20; round++) {
    state = happen(happen(state, { kind: 'claim', worker }), { kind: 'worker-died', culprit: false })
  }
  expect(state).toEqual({ kind: 'queued', fence: 20, deaths: 0, tries: 0 })
})

test('a give-back is not a try, a retry is one, and both leave the fence', () => {
  const running = happen(queued, { kind: 'claim', worker })
  expect(happen(running, { kind: 'give-back', fence: 1 })).toEqual({ ...queued, fence: 1 })
  expect(happen(running, { kind: 'retry', fence: 1 })).toEqual({ ...queued, fence: 1, tries: 1 })
})

test('exactly the terminal states lead nowhere', () => {
  expect(TASK_STATE_KINDS.filter((kind) => nextKinds(kind).length === 0)).toEqual(TERMINAL_KINDS)
})

test('a state knows only what it can know, and nothing follows a terminal one', () => {
  // @ts-expect-error a queued task has no worker
  type Worker = StateOf<'queued'>['worker']
  // @ts-expect-error nor has one that succeeded a fault
  type Fault = StateOf<'succeeded'>['fault']
  // @ts-expect-error nothing follows a terminal state
  const next: NextKind<'succeeded'> = 'queued'
  // @ts-expect-error a worker's id is parsed, never made of a text
  const claim: TaskEvent = { kind: 'claim', worker: '0b3f8f0e-1c1b-4c8e-9a53-3f0f4f0b7a11' }
  const unused: [Worker?, Fault?] = []
  expect([next, claim.kind, unused.length]).toEqual(['queued', 'claim', 0])
})
