import type { Answer, OpenAdmission } from '@magictask/models'
import { forceTarget, readFleet, removeWorker, renewLease } from '@magictask/store'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { admitted, answered, down, never, openWorker, targetOf, type Wishes, wish } from './admission-under-test.ts'
import { ground, setup } from './worker-under-test.ts'

let under: Awaited<ReturnType<typeof setup>>
beforeAll(async () => {
  under = await setup()
})
afterAll(() => under[Symbol.asyncDispose]())
beforeEach(async () => {
  await under.db.query('delete from slots_held')
  await under.db.query('delete from targets')
  await under.db.query('delete from rate_buckets')
  await under.db.query('delete from workers')
})

const worker = (wishes: Wishes = {}) => openWorker(under, wishes)

test('a call that nothing limits goes at once, as many as the worker has slots, and the next when one ends', async () => {
  await using one = await worker({ slots: 2 })
  const first = one.admission.admitNow(wish())
  await admitted(one.admission)
  const third = admitted(one.admission)
  expect(one.admission.admitNow(wish())).toBeUndefined()
  first?.end(answered)
  first?.end(answered)
  expect((await third).target.name).toBe('p/m')
  expect(one.admission.admitNow(wish())).toBeUndefined()
  expect(await under.db.query('select from slots_held')).toEqual([])
})

test('who waits and is stopped is out of the line, and gets the reason', async () => {
  await using one = await worker({ slots: 1 })
  const running = await admitted(one.admission)
  const stopping = new AbortController()
  const waiting = one.admission.admit(wish(), stopping.signal)
  stopping.abort('no-slot')
  await expect(waiting).rejects.toBe('no-slot')
  running.end(answered)
  expect(one.admission.admitNow(wish())).toBeDefined()
  await expect(one.admission.admit(wish(), stopping.signal)).rejects.toBe('no-slot')
})

test('who cannot do it is not asked, and when nobody ever could, that is said', async () => {
  const targets = [targetOf('p/blind', { contextTokens: 50 }), targetOf('q/m', { contextTokens: 1_000 })]
  await using one = await worker({ candidates: { 'p/blind': undefined, 'q/m': undefined }, targets })
  const call = await admitted(one.admission)
  expect(call.target.name).toBe('q/m')
  expect(await one.admission.admit(wish({ needs: { contextTokens: 2_000, vision: false } }), never)).toBe('nobody-able')
  expect(await one.admission.admit(wish({ needs: { contextTokens: 10, vision: true } }), never)).toBe('nobody-able')
  expect(await one.admission.admit(wish({ without: new Set(['q/m']) }), never)).toBe('nobody-able')
  expect(
    one.admission.candidates(wish({ needs: { contextTokens: 10, vision: false } })).map(({ name }) => name),
  ).toEqual(['p/blind', 'q/m'])
})

test('two workers share a limit, and never have more calls than it together', async () => {
  await using one = await worker({ all: 3 })
  await using other = await worker({ all: 3 })
  const counts = { now: 0, most: 0, one: 0, other: 0 }
  const work = async (who: 'one' | 'other', { admission }: { admission: OpenAdmission }) => {
    for (let call = 0; call < 25; call++) {
      const running = await admitted(admission)
      counts[who] += 1
      counts.now += 1
      counts.most = Math.max(counts.most, counts.now)
      await new Promise((resolve) => setTimeout(resolve, 4))
      counts.now -= 1
      running.end(answered)
    }
  }
  await Promise.all([...Array(4)].flatMap(() => [work('one', one), work('other', other)]))
  expect(counts).toEqual({ now: 0, most: 3, one: 100, other: 100 })
})

test('what one worker holds idle goes to the other that waits for it', async () => {
  await using one = await worker({ all: 100 })
  await using other = await worker({ all: 100 })
  await admitted(one.admission)
  const calls = await Promise.all(Array.from({ length: 64 }, () => admitted(other.admission)))
  for (const call of calls) call.end(answered)
  const more = await Promise.all(Array.from({ length: 60 }, () => admitted(one.admission)))
  expect(more).toHaveLength(60)
})

test('the second candidate is asked when the first has no room, and only then', async () => {
  await using one = await worker({ candidates: { 'p/m': 2, 'q/m': 1 } })
  const names = async (count: number) =>
    (await Promise.all(Array.from({ length: count }, () => admitted(one.admission)))).map(({ target }) => target.name)
  expect((await names(3)).toSorted()).toEqual(['p/m', 'p/m', 'q/m'])
  const stopping = new AbortController()
  const fourth = one.admission.admit(wish(), stopping.signal)
  await new Promise((resolve) => setTimeout(resolve, 150))
  stopping.abort('none')
  await expect(fourth).rejects.toBe('none')
})

test('what a dead worker held is free with its row', async () => {
  await using one = await worker({ all: 2 })
  await using other = await worker({ all: 2 })
  await Promise.all([admitted(one.admission), admitted(one.admission)])
  const waiting = admitted(other.admission)
  await removeWorker(under.db, one.workerId)
  expect((await waiting).target.name).toBe('p/m')
})

test('a rate lets through what flows in, and holds back the rest', async () => {
  await using one = await worker({ requestsPerMinute: 60 })
  await admitted(one.admission)
  expect(one.admission.admitNow(wish())).toBeUndefined()
  const second = admitted(one.admission)
  expect((await second).target.name).toBe('p/m')
  const [bucket] = await under.db.query<{ level: number }>(`select level from rate_buckets where name = 'requests:p'`)
  expect(bucket?.level).toBeLessThan(1)
})

test('a target that fails is out for the whole fleet, is probed by one call, and wakes what waits when it answers', async () => {
  await using one = await worker()
  await using other = await worker()
  for (let call = 0; call < 5; call++) (await admitted(one.admission)).end(down)
  expect(one.admission.admitNow(wish())).toBeUndefined()
  for (let call = other.admission.admitNow(wish()); call !== undefined; call = other.admission.admitNow(wish())) {
    call.end({ ...answered, kind: 'aborted' })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const waiting = [admitted(one.admission), admitted(other.admission), admitted(other.admission)]
  const probe = await Promise.race(waiting)
  expect(probe.probe).toBe(true)
  probe.end(down)
  const next = [...waiting, admitted(one.admission), admitted(other.admission)]
  const states = async () => under.db.query<{ state: string }>('select state from targets')
  expect(await states()).toEqual([{ state: expect.stringMatching(/open|probing/) }])
  const ending = next.map(async (call) => {
    const running = await call
    if (running !== probe) running.end(answered)
  })
  await Promise.all(ending)
  while (one.recovered.length + other.recovered.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect([...one.recovered, ...other.recovered]).toContain('p/m')
})

test('a key that is refused takes out all models of the provider, and the next provider is asked', async () => {
  const refused: Answer = { ...answered, kind: 'broke', fault: 'provider.auth_refused', detail: '' }
  await using one = await worker({ candidates: { 'p/a': undefined, 'p/b': undefined, 'q/m': undefined } })
  const call = await admitted(one.admission)
  call.end(refused)
  expect(one.admission.admitNow(wish())?.target.name).toBe('q/m')
  const names = ['p/a', 'p/b', 'q/m', 'nobody/m'] as const
  expect(names.filter((name) => one.admission.outage(name)?.isRefused)).toEqual(['p/a', 'p/b'])
})

test("an admin's word reaches every worker", async () => {
  await using one = await worker({ candidates: { 'p/m': undefined, 'q/m': undefined } })
  await forceTarget(under.db, 'p/m', 'open')
  while (one.admission.admitNow(wish())?.target.name !== 'q/m') await new Promise((resolve) => setTimeout(resolve, 10))
  await forceTarget(under.db, 'p/m', undefined)
  while (one.admission.admitNow(wish())?.target.name !== 'p/m') await new Promise((resolve) => setTimeout(resolve, 10))
})

test('whoever asks sees what the whole fleet does: targets, calls under way and slots', async () => {
  await using one = await worker({ all: 3, candidates: { 'p/m': 2 } })
  await Promise.all([admitted(one.admission), admitted(one.admission)])
  await renewLease(under.db, one.workerId, { running: 2, settledPerSecond: 0, calls: one.admission.underWay() })
  await forceTarget(under.db, 'p/m', 'open')
  const view = await readFleet(under.db)
  expect(view.workers).toMatchObject([{ workerId: one.workerId, calls: { 'text.free/p': 2 } }])
  expect(view.limits).toEqual([
    { name: 'all', held: 2, wanted: 0 },
    { name: 'queue:text.free/p', held: 2, wanted: 0 },
  ])
  expect(view.targets.targets).toMatchObject([{ name: 'p/m', forced: 'open' }])
  while (!one.admission.notes()[0]?.says.startsWith('open, by an admin')) await ground.clock.sleep(10)
  expect(one.admission.notes()).toEqual([{ name: 'target p/m', says: 'open, by an admin, 2 under way' }])
})
