import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createLog, type LogLevel } from '../src/index.ts'

function collect(level: LogLevel = 'info') {
  const lines: string[] = []
  return { lines, log: createLog({ level, app: 'test', write: (line) => lines.push(line) }) }
}

test('an event is one line of JSON, whatever its facts hold', () => {
  const { lines, log } = collect()
  log.info('claimed', { task: 'a\n{"level":"error"}\r\u2028', count: 3, suspect: false })
  expect(lines).toHaveLength(1)
  expect(lines[0]?.trimEnd()).not.toMatch(/[\n\r]/)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    app: 'test',
    event: 'claimed',
    task: 'a\n{"level":"error"}\r\u2028',
    count: 3,
    suspect: false,
    time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T.*Z$/),
  })
})

test('an error is told by name, message, code and first cause, without its stack', () => {
  const { lines, log } = collect()
  const cause = new RangeError('too far')
  log.error('failed', {}, Object.assign(new TypeError('what\nnow', { cause }), { code: 'E_WHAT' }))
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    error: 'TypeError: what\nnow',
    code: 'E_WHAT',
    cause: 'RangeError: too far',
  })
  expect(lines.join()).not.toContain('log.test')
})

test('a message of any length becomes a short one, and what is no error is told too', () => {
  const { lines, log } = collect()
  log.warn('odd', {}, new Error('x'.repeat(100_000)))
  log.warn('odd', {}, 'just a text')
  expect(lines[0]?.length).toBeLessThan(1_000)
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ error: 'just a text' })
})

test('what is below the level is not written', () => {
  const { lines, log } = collect('error')
  log.info('a')
  log.warn('b')
  log.error('c')
  expect(lines).toHaveLength(1)
})

test('a process that ends has written every line, in order', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(import.meta.resolve('../src/index.ts'))}
    const log = createLog({ level: 'info', app: 'test' })
    for (const event of ['one', 'two']) log.info(event)
    log.warn('three')
    for (let at = 0; at < 500; at++) log.info('more', { at })
    log.info('last')
    process.exit()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event)
  expect(events).toEqual(['one', 'two', 'three', ...Array.from({ length: 500 }, () => 'more'), 'last'])
})

test('a process whose output nobody reads any more goes on', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(import.meta.resolve('../src/index.ts'))}
    const log = createLog({ level: 'info', app: 'test' })
    process.stdin.once('data', () => {
      for (let at = 0; at < 100; at++) log.warn('nobody reads this', { at })
      process.exit(7)
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdout.destroy()
  await once(child.stdout, 'close')
  child.stdin.write('go')
  const [code, signal] = await once(child, 'exit')
  expect([code, signal]).toEqual([7, null])
})
