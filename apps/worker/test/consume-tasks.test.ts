import { encode, type Task, taskV1 } from '@magictask/contracts'
import { TenantId } from '@magictask/domain'
import { parkTasks } from '@magictask/store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClaimer } from '../src/claim-records.ts'
import { type ConsumeDeps, decideAbout } from '../src/loops/consume-tasks.ts'
import { Places } from '../src/places.ts'
import { Rooms } from '../src/rooms.ts'
import type { ClaimedTask, RunningTasks } from '../src/running-tasks.ts'
import { ground, runningOf, setup } from './worker-under-test.ts'

let system: Awaited<ReturnType<typeof setup>>
beforeAll(async () => {
  system = await setup()
})
afterAll(() => system[Symbol.asyncDispose]())

/** Rooms of an admission that sees so much room, whatever was let in meanwhile. */
function roomsOf(room: (call: Pick<Task, 'magicType'> & { readonly queue: string }) => number, ofType?: string) {
  const running: RunningTasks = new Map()
  const magicTypes = new Map(ofType === undefined ? [] : [[ofType, 1]])
  const limits = { providers: new Map(), magicTypes }
  return { rooms: new Rooms({ admission: { room }, targets: { limits, routes: new Map() }, running }), running }
}

async function decider(places: Places, more: Partial<ConsumeDeps> = {}) {
  const worker = await system.worker()
  const started: ClaimedTask[] = []
  const deps: ConsumeDeps = {
    ...ground,
    places,
    ahead: () => 0,
    ...roomsOf(() => Number.POSITIVE_INFINITY),
    waiting: () => [],
    park: (tasks) =>
      parkTasks(
        system.db,
        tasks.map(({ task_id }) => task_id),
      ),
    mayClaim: () => true,
    claim: createClaimer({ db: system.db, workerId: () => worker, suspectRoom: () => 1 }),
    start: (claimed: ClaimedTask) => void started.push(claimed),
    keepSuspect: () => undefined,
    publisher: { publish: async () => undefined, async [Symbol.asyncDispose]() {} },
    deadLetterTopic: 'nowhere',
    ...more,
  }
  return { deps, started }
}

function recordOf(task: Task) {
  const value = Buffer.from(encode(taskV1, task))
  return { topic: 'magic-task.high', partition: 0, offset: '0', key: null, value, headers: {} }
}

test('a record in the topic of another lane takes its place in its own, where it is given back', async () => {
  const [task] = await system.submit(1, { lane: 'low' })
  if (task === undefined) throw new Error('Nothing was submitted')
  const places = new Places(4)
  const { deps, started } = await decider(places)
  const record = recordOf(task)
  expect(await decideAbout(deps, 'high', [record])).toBe(1)
  expect(started.map((claimed) => claimed.task.task_id)).toEqual([task.task_id])

  places.giveBack('low', 1) // as the runner does at the task's end
  expect(places.take('low', 9, { ahead: 0, nowMs: 0 })).toBe(4)
  places.giveBack('low', 4)
  expect(places.take('high', 9, { ahead: 0, nowMs: 0 })).toBe(3) // one is kept for `low`, which wanted more
})

test('where a queue has no room, one task of each tenant and lane that waits for nothing here is let in, and no more', async () => {
  const flood = await system.submit(3, { lane: 'high' })
  const other = await system.submit(2, { lane: 'high', tenant: TenantId.parse('other') })
  const low = await system.submit(1, { lane: 'low' })
  const parked: Task[] = []
  const { deps, started } = await decider(new Places(8), {
    ...roomsOf(() => 0),
    waiting: () => flood.slice(0, 1),
    park: async (tasks) => void parked.push(...tasks),
  })
  expect(await decideAbout(deps, 'high', [...flood.slice(1), ...other, ...low].map(recordOf))).toBe(5)
  expect(started.map(({ task }) => task.task_id)).toEqual([other[0], low[0]].map((task) => task?.task_id))
  expect(parked.map(({ task_id }) => task_id)).toEqual([flood[1], flood[2], other[1]].map((task) => task?.task_id))
})

test('newcomers do not fill the places of a queue without room', async () => {
  const tasks = await Promise.all(
    Array.from({ length: 12 }, (_, n) => system.submit(1, { tenant: TenantId.parse(`tenant-${n}`) })),
  )
  const { deps, started } = await decider(
    new Places(64),
    roomsOf(() => 0),
  )
  expect(await decideAbout(deps, 'normal', tasks.flat().map(recordOf))).toBe(12)
  expect(started).toHaveLength(8)
})

test('tasks whose queue has no room are put back for a second, their records are done, and they take no place', async () => {
  const free = await system.submit(3, { lane: 'high', tier: 'free' })
  const paid = await system.submit(2, { lane: 'high', tier: 'paid' })
  await system.db.query(`update waiting set released_until = now() + interval '5 s'`)
  const places = new Places(8)
  const { deps, started } = await decider(
    places,
    roomsOf(({ queue }) => (queue === 'text.free' ? 1 : 5)),
  )
  expect(await decideAbout(deps, 'high', [...free, ...paid].map(recordOf))).toBe(5)
  expect(started.map(({ task }) => task.task_id)).toEqual([free[0], ...paid].map((task) => task?.task_id))
  expect(places.taken).toBe(3)
  const parked = await system.db.query(
    `select task_id, released_until, due_at > now() as later from waiting where task_id = any($1) order by task_id`,
    [free.map((task) => task.task_id)],
  )
  expect(parked).toEqual(free.slice(1).map(({ task_id }) => ({ task_id, released_until: null, later: true })))
})

test('partitions that are looked at side by side let in no more than there is room for, whatever the types of the tasks', async () => {
  const types = ['title_optimize', 'spam_check', 'title_optimize', 'sentiment_detect']
  const partitions = await Promise.all(
    types.map(async (magicType) => [...(await system.submit(2)), ...(await system.submit(2, { magicType }))]),
  )
  const { deps, started } = await decider(
    new Places(64),
    roomsOf(() => 3),
  )
  const decided = await Promise.all(partitions.map((tasks) => decideAbout(deps, 'normal', tasks.map(recordOf))))
  expect(decided).toEqual([4, 4, 4, 4])
  expect(started).toHaveLength(3)
})

test('what was claimed has its room until it asks for a slot itself, one for each of its calls', async () => {
  const { rooms, running } = roomsOf(() => 6)
  const waiting = () => [...running.values()].map(({ task }) => task)
  const { deps, started } = await decider(new Places(64), { rooms, waiting })
  const [several] = await system.submit(1, { num_suggestions: 4 })
  const others = await system.submit(8)
  if (several === undefined) throw new Error('Nothing was submitted')
  await decideAbout(deps, 'normal', [several, ...others.slice(0, 3)].map(recordOf))
  expect(started).toHaveLength(3)
  const asking = started.map(({ task }) => ({ ...runningOf(task), places: task.num_suggestions }))
  for (const each of asking) running.set(each.task.task_id, each)
  await decideAbout(deps, 'normal', [others[3] ?? several].map(recordOf))
  expect(started).toHaveLength(3)
  for (const each of asking) each.asksForSlot = true
  await decideAbout(deps, 'normal', others.slice(4).map(recordOf))
  expect(started).toHaveLength(7)
})

test('a type with a limit of its own has room of its own, and a claim that fails gives back what it took', async () => {
  const { rooms } = roomsOf(({ magicType }) => (magicType === 'spam_check' ? 1 : 2), 'spam_check')
  const { deps, started } = await decider(new Places(64), { rooms })
  const tasks = [...(await system.submit(3)), ...(await system.submit(2, { magicType: 'spam_check' }))].map(recordOf)
  const broken = { ...deps, claim: () => Promise.reject(new Error('away')) }
  await expect(decideAbout(broken, 'normal', tasks)).rejects.toThrow('away')
  await decideAbout(deps, 'normal', tasks)
  expect(started.map(({ task }) => task.magicType)).toEqual(['title_optimize', 'title_optimize', 'spam_check'])
})
