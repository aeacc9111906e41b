import { expect, test } from 'vitest'
import { type Clock, liveness, startLoop, systemClock, testClock } from '../src/index.ts'

/** A loop on the real clock whose turns the test counts. */
function start(
  turn: (turns: number) => Promise<number | undefined>,
  changes: { clock?: Clock; pauseMs?: number } = {},
) {
  let turns = 0
  const errors: unknown[] = []
  const loop = startLoop({
    name: 'counting',
    clock: systemClock,
    pauseMs: 0,
    turn: async () => {
      turns++
      return turn(turns)
    },
    onError: (error) => errors.push(error),
    ...changes,
  })
  return { loop, errors, turns: () => turns }
}

const nothing = async () => undefined

async function until(look: () => boolean): Promise<void> {
  while (!look()) await systemClock.sleep(1)
}

test('a turn that throws is reported, and the loop goes on', async () => {
  const wrong = new Error('once')
  const { loop, errors, turns } = start(async (turn) => {
    if (turn === 2) throw wrong
    return undefined
  })
  await until(() => turns() > 3)
  await loop[Symbol.asyncDispose]()
  expect(errors).toEqual([wrong])
})

test('a wake ends the pause, and one that comes during a turn leaves the pause out', async () => {
  const { loop, turns } = start(nothing, { pauseMs: 3_600_000 })
  await until(() => turns() === 1)
  loop.wake()
  await until(() => turns() === 2)
  await loop[Symbol.asyncDispose]()

  const busy = start(
    async (turn) => {
      if (turn < 5) busy.loop.wake()
      await systemClock.sleep(1)
      return undefined
    },
    { pauseMs: 3_600_000 },
  )
  await until(() => busy.turns() === 5)
  await busy.loop[Symbol.asyncDispose]()
})

test('disposing waits for the turn in hand, and twice is harmless', async () => {
  let ended = false
  const { loop, turns } = start(async () => {
    await systemClock.sleep(30)
    ended = true
    return undefined
  })
  await Promise.all([loop[Symbol.asyncDispose](), loop[Symbol.asyncDispose]()])
  expect(ended).toBe(true)
  expect(turns()).toBe(1)
  await loop[Symbol.asyncDispose]()
})

test('a turn says how long to pause after it, else the loop does', async () => {
  const pausesMs: number[] = []
  const clock: Clock = {
    ...systemClock,
    async sleep(ms) {
      pausesMs.push(ms)
      await systemClock.sleep(1)
    },
  }
  const { loop, turns } = start(async (turn) => (turn === 1 ? 70 : undefined), { clock, pauseMs: 500 })
  await until(() => turns() === 3)
  await loop[Symbol.asyncDispose]()
  expect(pausesMs.slice(0, 2)).toEqual([70, 500])
})

// INCIDENTS 8: a dead loop inside a live process
test('a loop that has not turned for a minute is not live, and says so', async () => {
  const clock = { ...testClock('2026-01-01T00:00:00Z'), sleep: () => systemClock.sleep(0) }
  let release: () => void = () => undefined
  const { loop, turns } = start(
    async () => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return undefined
    },
    { clock },
  )
  await until(() => turns() === 1)
  clock.advance(59_999)
  expect(liveness([loop]).ok).toBe(true)
  clock.advance(1)
  expect(liveness([loop, { name: 'other', idleMs: () => 0 }])).toEqual({
    ok: false,
    checks: [
      { name: 'counting', ok: false, detail: 'has not turned for 60 s' },
      { name: 'other', ok: true },
    ],
  })
  const stopping = loop[Symbol.asyncDispose]()
  release()
  await stopping
})
