import type { Lane, Queue, TaskId, WeightOf } from '@magictask/domain'
import { newTaskId } from '@magictask/runtime'
import type { Look, Seen } from '@magictask/store'
import { expect, test } from 'vitest'
import { chargePlan, FIRST_PLAN, nextLooks, type Plan, planRelease, type Room, roomOf } from '../src/plan-release.ts'

const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((sum, number) => sum + number, 0)

interface Wish {
  readonly tenant: string
  readonly tasks: number
  readonly cost?: number
  readonly lane?: Lane
  readonly queue?: Queue
}

interface Waiting {
  readonly lane: Lane
  readonly queue: Queue
  readonly tenant: string
  readonly cost: number
}

/** What waits and what is on Kafka, in memory, and a releaser beside it. Looks as the store does: in a ring, a part of the room deep. */
function releaser(weightOf: WeightOf = () => 1) {
  const waiting = new Map<TaskId, Waiting>()
  const onKafka: (Waiting & { readonly id: TaskId })[] = []
  let plan: Plan = FIRST_PLAN
  let nowMs = 0

  const at = (place: Pick<Waiting, 'lane' | 'queue'>) => (one: Waiting) =>
    one.lane === place.lane && one.queue === place.queue
  function seenAt(look: Look, mostTenants: number): Seen {
    const { lane, queue, after, most } = look
    const outstanding = onKafka.filter(at(look)).length
    const here = [...waiting].filter(([, one]) => at(look)(one))
    const names = [...new Set(here.map(([, one]) => one.tenant))].sort()
    const ring = [...names.filter((name) => name > after), ...names.filter((name) => name <= after)].slice(
      0,
      mostTenants,
    )
    const room = Math.max(0, most - outstanding)
    const depth = Math.min(room, Math.ceil((4 * room) / Math.max(1, ring.length)))
    const tenants = (room === 0 ? [] : ring).map((tenant) => {
      const first = here.filter(([, one]) => one.tenant === tenant).slice(0, depth)
      const costs = first.map(([, { cost }]) => cost)
      return { tenant, taskIds: first.map(([id]) => id), costs, more: first.length === depth }
    })
    return { lane, queue, outstanding, isFull: room === 0, tenants }
  }
  return {
    onKafka,
    submit({ tenant, tasks, cost = 500, lane = 'normal', queue = 'text.paid' }: Wish) {
      for (let n = 0; n < tasks; n++) waiting.set(newTaskId(), { lane, queue, tenant, cost })
    },
    waits: (is: (one: Waiting) => boolean) => [...waiting.values()].some(is),
    /** One tick; gives what was released. */
    tick(room: Room): readonly Waiting[] {
      nowMs += 50
      const { looks, mostTenants } = nextLooks(plan)
      const places = looks.map((look) => seenAt(look, mostTenants))
      const planned = planRelease(plan, { places, room, nowMs, weightOf })
      plan = planned.plan
      return planned.taskIds.map((id) => {
        const one = waiting.get(id)
        if (one === undefined) throw new Error('released twice')
        waiting.delete(id)
        onKafka.push({ ...one, id })
        return one
      })
    },
    charge(tenant: string, tokens: number) {
      plan = chargePlan(plan, [{ tenant, tokens, lane: 'normal', queue: 'text.paid' }], weightOf)
    },
    /** Back to wait, as what was parked a second ago. */
    comeBack(ones: readonly (Waiting & { readonly id: TaskId })[]) {
      for (const { id, ...one } of ones) waiting.set(id, one)
    },
  }
}

const roomFor = (fleetTasks: number, more: Partial<Room> = {}): Room => ({
  fleetTasks,
  reaches: new Map(),
  parked: new Map(),
  ...more,
})

const LIMIT_OF_TWO = new Map([['text.paid', { most: 2, isReady: true }]] as const)

test('nine tenants with backlogs from 100 to 1,500 tasks are served equal tokens while all have work', () => {
  const relay = releaser()
  const backlogs = [100, 300, 1_000, 1_500, 200, 900, 700, 800, 400]
  for (const [n, tasks] of backlogs.entries()) relay.submit({ tenant: `t${n}`, tasks, cost: 300 + n * 40 })
  const served = new Map<string, number>()
  const allHaveWork = () => backlogs.every((_, n) => relay.waits(({ tenant }) => tenant === `t${n}`))
  for (let tick = 0; allHaveWork(); tick++) {
    for (const { tenant, cost } of relay.tick(roomFor(8))) served.set(tenant, (served.get(tenant) ?? 0) + cost)
    relay.onKafka.splice(0, 1 + (tick % 3))
  }
  const tokens = [...served.values()]
  expect(tokens).toHaveLength(9)
  expect(sumOf(tokens) ** 2 / (9 * sumOf(tokens.map((each) => each ** 2)))).toBeGreaterThan(0.99)
})

test('a single task of another tenant is among the next that are released, also one that takes much', () => {
  const relay = releaser()
  relay.submit({ tenant: 'flood', tasks: 2_000 })
  for (let tick = 0; tick < 5; tick++) relay.tick(roomFor(20))
  relay.submit({ tenant: 'other', tasks: 1, cost: 20_000 })
  relay.onKafka.splice(0, 5)
  expect(relay.tick(roomFor(20)).map(({ tenant }) => tenant)).toContain('other')
})

test('a tenant that was charged is released less until it is even', () => {
  const relay = releaser()
  relay.tick(roomFor(100))
  for (const tenant of ['one', 'charged']) relay.submit({ tenant, tasks: 500 })
  relay.charge('charged', 20_000)
  const released = relay.tick(roomFor(100))
  const of = (name: string) => released.filter(({ tenant }) => tenant === name).length
  expect(of('one') - of('charged')).toBeGreaterThanOrEqual(38)
  expect(of('one') - of('charged')).toBeLessThanOrEqual(42)
})

test('lanes are released by their weights, and the low one always', () => {
  const relay = releaser()
  relay.tick(roomFor(120))
  for (const lane of ['high', 'normal', 'low'] as const) relay.submit({ tenant: 'a', tasks: 600, lane })
  relay.tick(roomFor(120))
  const outstanding = (lane: Lane) => relay.onKafka.filter((one) => one.lane === lane).length
  expect([outstanding('high'), outstanding('normal'), outstanding('low')]).toEqual([80, 30, 10])
  relay.onKafka.splice(0)
  relay.tick(roomFor(2))
  expect(outstanding('low')).toBe(1)
})

test('a queue whose provider is out has one task on Kafka, and the others the rest', () => {
  const relay = releaser()
  for (const queue of ['text.paid', 'text.free'] as const) relay.submit({ tenant: 'a', tasks: 600, queue })
  const reaches = new Map([['text.paid', { most: 1, isReady: false }]] as const)
  for (let tick = 0; tick < 4; tick++) relay.tick(roomFor(64, { reaches }))
  expect(relay.onKafka.filter(({ queue }) => queue === 'text.paid')).toHaveLength(1)
  expect(relay.onKafka.filter(({ queue }) => queue === 'text.free')).toHaveLength(63)
})

test('more tenants than are looked at in a tick all have their turn', () => {
  const relay = releaser()
  for (let n = 0; n < 300; n++) relay.submit({ tenant: `t${n}`, tasks: 3, cost: 1_000 })
  const seen = new Set<string>()
  for (let tick = 0; tick < 12; tick++) {
    for (const { tenant } of relay.tick(roomFor(30))) seen.add(tenant)
    relay.onKafka.splice(0)
  }
  expect(seen.size).toBe(300)
})

test('while workers park what they cannot start, little more is released than starts, and the low lane has its part', () => {
  const relay = releaser()
  for (const lane of ['high', 'low'] as const) relay.submit({ tenant: 'a', tasks: 200, lane })
  const started: Lane[] = []
  const busyUntil = [0, 0]
  // As workers do: the first of each lane is kept until a slot is free, and the others are parked.
  const kept: (typeof relay.onKafka)[number][] = []
  let released = 0
  let parked: { readonly one: (typeof relay.onKafka)[number]; readonly until: number }[] = []
  for (let tick = 0; tick < 20 * 40; tick++) {
    relay.comeBack(parked.flatMap(({ one, until }) => (until <= tick ? [one] : [])))
    parked = parked.filter(({ until }) => until > tick)
    released += relay.tick(
      roomFor(64, { reaches: LIMIT_OF_TWO, parked: new Map([['text.paid', parked.length]]) }),
    ).length
    for (const one of relay.onKafka.splice(0)) {
      if (kept.some(({ lane }) => lane === one.lane)) parked.push({ one, until: tick + 20 })
      else kept.push(one)
    }
    for (const [slot, until] of busyUntil.entries()) {
      const next = until <= tick ? kept.shift() : undefined
      if (next === undefined) continue
      busyUntil[slot] = tick + 20
      started.push(next.lane)
    }
  }
  expect(started.length).toBeGreaterThan(40)
  expect(started.filter((lane) => lane === 'low').length).toBeGreaterThan(40 / 12)
  expect(released).toBeLessThan(started.length * 4)
})

test('what waits for the limit of its type does not slow its queue down, unless it is more than the fleet has room for', () => {
  const fleet = { tasks: 40, ahead: 0, routes: [], heldTargets: [], parked: new Map(), parkedForType: new Map() }
  const releasedBeside = (changes: Partial<typeof fleet>) => {
    const relay = releaser()
    relay.submit({ tenant: 'a', tasks: 200 })
    return relay.tick(roomOf({ ...fleet, ...changes })).length
  }
  expect(releasedBeside({ parkedForType: new Map([['text.paid', 40]]) })).toBe(40)
  expect(releasedBeside({ parkedForType: new Map([['text.paid', 41]]) })).toBe(1)
  expect(releasedBeside({ parked: new Map([['text.paid', 1]]) })).toBe(1)
})
