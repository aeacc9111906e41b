import { TenantId } from '@magictask/domain'
import { systemClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { createWaitingRoom } from '../src/waiting-room.ts'

const ACME = TenantId.parse('acme')

/** A room over rows that are counted so slowly, with a clock of its own. */
function roomOver({ perTenant = 100, countMs = 1 } = {}) {
  let nowMs = 0
  const rows = { waiting: 0, counts: 0 }
  const room = createWaitingRoom({
    caps: { perTenant, total: 1_000_000 },
    clock: { ...systemClock, elapsedMs: () => nowMs },
    countWaiting: async (tenant) => {
      nowMs += countMs
      if (tenant === undefined) return rows.waiting
      rows.counts += 1
      return rows.waiting
    },
  })
  const submit = async (tasks: number) => {
    using _seats = await room.admit(ACME, tasks)
    rows.waiting += tasks
  }
  return { rows, submit, later: (ms: number) => (nowMs += ms) }
}

test('whoever would be refused is counted anew: what ended meanwhile makes room at once', async () => {
  const { rows, submit } = roomOver()
  await submit(100)
  await expect(submit(1)).rejects.toThrow()
  rows.waiting = 40
  await submit(60)
  await expect(submit(1)).rejects.toThrow()
})

test('nobody is let in beyond the cap between two counts', async () => {
  const { rows, submit } = roomOver()
  for (let n = 0; n < 20; n++) await submit(5)
  expect(rows.waiting).toBe(100)
  await expect(submit(1)).rejects.toThrow()
})

test('far from the cap it is counted seldom, near it once a second', async () => {
  const { rows, submit, later } = roomOver({ perTenant: 1_000 })
  const countsIn = async (seconds: number) => {
    const before = rows.counts
    for (let second = 0; second < seconds; second++) {
      later(1_000)
      await submit(1)
    }
    return rows.counts - before
  }
  expect(await countsIn(30)).toBeLessThanOrEqual(3)
  rows.waiting = 600
  await countsIn(10)
  expect(await countsIn(30)).toBeGreaterThanOrEqual(29)
})

test('however long a count takes and however many are refused, counting takes a hundredth of the time', async () => {
  const { rows, submit, later } = roomOver({ countMs: 100 })
  await submit(100)
  for (let n = 0; n < 1_000; n++) {
    later(100)
    await submit(1).catch(() => undefined)
  }
  expect(rows.counts * 100).toBeLessThan(1_000 + 100_000 * 0.02)
  later(60_000)
  rows.waiting = 0
  await submit(100)
})
