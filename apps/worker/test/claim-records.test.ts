import { expect, test } from 'vitest'
import { createClaimer } from '../src/claim-records.ts'
import { Suspects } from '../src/suspects.ts'
import { offerOf, setup, taskOf } from './worker-under-test.ts'

test('what several partitions offer at one time is claimed in one statement, each in its own order', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(20)
  const workerId = await bundle.worker()
  let statements = 0
  const query: typeof bundle.db.query = (text, values) => {
    statements += 1
    return bundle.db.query(text, values)
  }
  const claim = createClaimer({ db: { ...bundle.db, query }, workerId: () => workerId, suspectRoom: () => 1 })
  const partitions = [tasks.slice(0, 5), tasks.slice(5, 10), tasks.slice(10)]
  const claims = await Promise.all(partitions.map((partition) => claim(partition.map(offerOf))))
  expect(claims.flat().map((each) => each.taskId)).toEqual(tasks.map((task) => task.task_id))
  expect(claims.flat().every((each) => each.kind === 'claimed')).toBe(true)
  expect(statements).toBe(1)
})

test('the same record twice in one round is claimed once; beside a forged one the genuine is claimed', async () => {
  await using bundle = await setup()
  const [task] = await bundle.submit(1)
  if (task === undefined) throw new Error('no task')
  const workerId = await bundle.worker()
  const claim = createClaimer({ db: bundle.db, workerId: () => workerId, suspectRoom: () => 1 })
  const forged = offerOf({ ...task, content: 'forged' })
  const round = await claim([forged, offerOf(task), offerOf(task), offerOf(taskOf())])
  expect(round.map((each) => each.kind)).toEqual(['differs', 'claimed', 'skipped', 'unknown'])
})

test('a claim that cannot reach the database is told to everybody who shared it, and the next one works', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(2)
  const workerId = await bundle.worker()
  let away = true
  const query: typeof bundle.db.query = (text, values) =>
    away ? Promise.reject(new Error('away')) : bundle.db.query(text, values)
  const claim = createClaimer({ db: { ...bundle.db, query }, workerId: () => workerId, suspectRoom: () => 1 })
  const both = await Promise.allSettled(tasks.map((task) => claim([offerOf(task)])))
  expect(both.map((each) => each.status)).toEqual(['rejected', 'rejected'])
  away = false
  expect((await claim(tasks.map(offerOf))).map((each) => each.kind)).toEqual(['claimed', 'claimed'])
})

test('suspects are kept until the one that runs has ended', () => {
  const suspects = new Suspects()
  const [first, second] = [taskOf(), taskOf()]
  suspects.started(first.task_id)
  suspects.keep({ ...offerOf(second), task: second })
  expect([suspects.room, suspects.next()]).toEqual([0, undefined])
  suspects.ended(second.task_id)
  expect(suspects.room).toBe(0)
  suspects.ended(first.task_id)
  expect(suspects.next()?.taskId).toBe(second.task_id)
  expect(suspects.next()).toBeUndefined()
})
