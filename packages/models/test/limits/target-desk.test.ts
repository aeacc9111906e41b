import type { TargetState } from '@magictask/domain'
import { expect, test } from 'vitest'
import { createTargetDesk, giveBack, limitByState, obstacleOf, take } from '../../src/limits/target-desk.ts'
import { candidateOf, grantOf, STILL, targetNamed, wishOf } from './made-up-targets.ts'

/** A target of which the fleet says how it stands, and gives this worker every slot that it wants. */
function desk() {
  const at = createTargetDesk('p/m', targetNamed('p/m'), STILL)
  const choice = {
    candidate: candidateOf('p/m', 1),
    desk: at,
    slots: [],
    rates: [],
    pool: { name: 'text.paid/p', calls: 0 },
    served: 0,
  }
  let revision = 0
  return {
    limited: at.limited,
    becomes: (state: TargetState['state'], most: number) => {
      revision += 1
      at.health.read({ name: 'p/m', state, most, forMs: 0, revision }, 0)
      limitByState(at)
      at.limited.expect(most)
      const { want = 0 } = at.limited.wish(1) ?? {}
      at.limited.granted(grantOf({ name: 'target:p/m', held: Math.min(want, most) }))
    },
    /** So many calls start that never come back by themselves. */
    start: (count: number) => Array.from({ length: count }, () => take(choice, wishOf('one'), 0)),
    isFull: () => obstacleOf(choice, 100) !== undefined,
    end: (taken: ReturnType<typeof take>) => giveBack(taken, undefined),
  }
}

test('calls that hang since an earlier ramp hold up neither the probe nor the next ramp', () => {
  const { becomes, start, isFull } = desk()
  becomes('ramping', 8)
  start(8)
  expect(isFull()).toBe(true)
  becomes('probing', 1)
  expect(isFull()).toBe(false)
  start(1)
  expect(isFull()).toBe(true)
  becomes('ramping', 2)
  expect(isFull()).toBe(false)
})

test('what ends later than its state frees no slot of the one that followed', () => {
  const { limited, becomes, start, end } = desk()
  becomes('ramping', 2)
  const [first] = start(2)
  becomes('probing', 1)
  const [probe] = start(1)
  if (first !== undefined) end(first)
  expect(limited.used).toBe(1)
  if (probe !== undefined) end(probe)
  expect(limited.used).toBe(0)
})

test('a ramp that widens keeps what its calls hold', () => {
  const { limited, becomes, start, isFull } = desk()
  becomes('ramping', 2)
  start(2)
  becomes('ramping', 4)
  expect([limited.used, isFull()]).toEqual([2, false])
})
