import { startModelServer } from '@magictask/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProject, type Project } from './cli-under-test.ts'

let project: Project

beforeAll(async () => {
  project = await createProject()
})
afterAll(() => project[Symbol.asyncDispose]())

const MAGIC_TYPES = ['title_optimize', 'sentiment_detect', 'spam_check']

function tasksOf(count: number, named = 'task') {
  return Array.from({ length: count }, (_, index) => ({
    campaignSn: `c${index}`,
    magicType: MAGIC_TYPES[index % 3],
    content: `${named} #${index}#`,
  }))
}

const ndjson = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')

function readLines(text: string) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('--file writes a line a task in the order of the file, and nothing else, to standard output', async () => {
  const file = await project.write('two-batches.ndjson', ndjson(tasksOf(1_500)))
  await using run = project.run(['start', '--once', '--file', file], { env: { LLM_MAX_WORKERS: '64' }, launcher: true })
  expect(await run.exited).toBe(0)
  const lines = readLines(run.stdout())
  expect(lines.map((line) => line.index)).toEqual(lines.map((_, index) => index))
  expect(lines.map((line) => line.campaignSn)).toEqual(tasksOf(1_500).map((task) => task.campaignSn))
  for (const line of lines) {
    expect(Object.keys(line)).toEqual(['index', 'task_id', 'campaignSn', 'magicType', 'status', 'results'])
    expect(line).toMatchObject({ status: 'succeeded', results: [{}] })
  }
  expect(run.stderr()).toContain('1500 tasks: 1500 succeeded')
}, 90_000)

test('after a kill the same command goes on where it stopped, and asks for nothing again that was answered', async () => {
  const stuck = new Set(['#60#', '#61#', '#62#', '#63#'])
  await using model = await startModelServer({
    script: ({ content }) => ([...stuck].some((part) => content.includes(part)) ? { kind: 'hang' } : undefined),
  })
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: model.baseUrl, WORKER_LEASE: '4s' }
  await using own = await createProject()
  const file = await own.write('resumed.json', JSON.stringify(tasksOf(100, 'resume')))
  await using killed = own.run(['start', '--file', 'resumed.json'], { env })
  const [, address = ''] = await killed.saying(/API +(\S+)/)
  const token = await tokenOf(own)
  while ((await succeededAt(address, token)) < 96) await pause()
  killed.child.kill('SIGKILL')
  await killed.exited
  expect(killed.stdout()).toBe('')

  model.setScript(() => undefined)
  await using resumed = own.run(['start', '--file', file], { env })
  expect(await resumed.exited).toBe(0)
  expect(readLines(resumed.stdout()).map((line) => line.index)).toEqual(tasksOf(100).map((_, index) => index))
  const timesAsked = tasksOf(100).map((_, index) => model.callsFor(`resume #${index}#`).length)
  expect(timesAsked).toEqual(tasksOf(100).map((_, index) => (stuck.has(`#${index}#`) ? 2 : 1)))
  expect(resumed.stderr()).toContain('100 succeeded, 0 not; 4 model calls, and 96 before this run\n')

  await using repeated = own.run(['start', '--file', file], { env })
  expect(await repeated.exited).toBe(0)
  expect(repeated.stdout()).toBe(resumed.stdout())
  expect(model.calls()).toHaveLength(104)
  expect(repeated.stderr()).toContain('100 succeeded, 0 not; 0 model calls, and 100 before this run\n')

  await using again = own.run(['start', '--file', file, '--again'], { env })
  expect(await again.exited).toBe(0)
  expect(model.calls()).toHaveLength(204)
  expect(again.stderr()).toContain('100 succeeded, 0 not; 100 model calls\n')
  await using afterAgain = own.run(['start', '--file', file], { env })
  expect(await afterAgain.exited).toBe(0)
  expect(afterAgain.stdout()).toBe(again.stdout())
  expect(model.calls()).toHaveLength(204)
}, 120_000)

test('a task that fails has its error in its line, and the exit code is 1', async () => {
  await using model = await startModelServer({
    script: ({ content }) => (content.includes('#1#') ? { kind: 'status', status: 400 } : undefined),
  })
  const file = await project.write('failing.ndjson', ndjson(tasksOf(3, 'failing')))
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: model.baseUrl }
  await using run = project.run(['start', '--file', file], { env })
  expect(await run.exited).toBe(1)
  expect(readLines(run.stdout())).toMatchObject([
    { index: 0, status: 'succeeded', results: [{}] },
    { index: 1, status: 'failed', results: [], error: { code: 'provider.bad_request' } },
    { index: 2, status: 'succeeded', results: [{}] },
  ])
}, 60_000)

test('a reader that goes away ends it without a word', async () => {
  await using model = await startModelServer()
  const file = await project.write('unread.ndjson', ndjson(tasksOf(2_000, 'unread')))
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: model.baseUrl, LLM_MAX_WORKERS: '64' }
  await using run = project.run(['start', '--file', file], { env })
  run.child.stdout?.destroy()
  expect(await run.exited).toBe(141)
  expect(run.stderr()).not.toMatch(/EPIPE|Error/)
}, 60_000)

test('a bad file is refused before anything is started, and nothing of it is submitted', async () => {
  const file = await project.write('bad.ndjson', ndjson([...tasksOf(2), { campaignSn: 'c' }]))
  await using run = project.run(['start', '--file', file])
  expect(await run.exited).toBe(1)
  expect(run.stderr()).toMatch(
    /2 things are wrong, so nothing was submitted:\n {2}line 3, \/magicType: .*\n {2}line 3, \/content: /,
  )
  expect(run.stderr()).not.toContain('PostgreSQL')
  expect(run.stdout()).toBe('')
})

async function tokenOf({ run }: Project): Promise<string> {
  await using token = run(['token'])
  await token.exited
  return token.stdout().trim()
}

async function succeededAt(address: string, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${address}/api/public/v1/tasks?status=succeeded&limit=1000`, { headers })
  expect(answer.status).toBe(200)
  return JSON.parse(await answer.text()).data.length
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))
