import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkFile } from '../src/check-file.ts'
import { batchesOf } from '../src/file-batches.ts'
import { readItems, UnusableFile } from '../src/task-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'magictask-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(content: string | Uint8Array): string {
  const file = join(folder, `${createHash('sha256').update(content).digest('hex')}.json`)
  writeFileSync(file, content)
  return file
}

const check = (content: string | Uint8Array) => checkFile(write(content), ['spam_check'])
const good = { campaignSn: 'a', magicType: 'spam_check', content: '買一送一' }
const goodText = JSON.stringify(good)

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

test.each([
  ['an array', JSON.stringify([good, good])],
  ['an array over many lines, after a byte order mark', `\ufeff\n${JSON.stringify([good, good], undefined, 2)}\n`],
  ['NDJSON', `${goodText}\n${goodText}\n`],
  ['NDJSON with empty lines, carriage returns and no last line break', `\r\n${goodText}\r\n\n${goodText}`],
])('%s is read', async (_, content) => {
  const sha256 = createHash('sha256').update(content).digest('hex')
  expect(await check(content)).toEqual({ path: write(content), sha256, tasks: 2 })
})

test.each([
  [`[${goodText},{},3]`, ['/1/campaignSn: ', '/1/magicType: ', '/1/content: ', '/2: ']],
  [`${goodText}\n\n{"campaign`, ['  line 3: is not valid JSON']],
  [JSON.stringify({ ...good, content: ' ', colour: 1 }), ['line 1, /content: ', 'line 1, /colour: is not a known']],
  [`[${goodText},,]`, ['/1: is not valid JSON', '/2: is not valid JSON']],
  [`[${goodText}`, ['the array ends before its last bracket']],
  ['[] []', ['the array goes on after its last bracket']],
  ['[ ]', ['holds no task']],
  ['', ['holds no task']],
  [`[${'{"params":'.repeat(70)}1${'}'.repeat(70)}]`, ['/0: nests deeper than 64 levels']],
  [Buffer.from(goodText, 'utf16le'), ['is not in UTF-8']],
  [Buffer.from([0x5b, 0xff, 0x5d]), ['is not in UTF-8']],
])('a bad file is refused, by place: %#', async (content, complaints) => {
  const refused = await check(content).then(String, (error: unknown) => error)
  expect(refused).toBeInstanceOf(UnusableFile)
  for (const complaint of complaints) expect(String(refused)).toContain(complaint)
})

test('of many bad tasks a hundred complaints are listed, and the others counted', async () => {
  const refused = await check('{"a":1}\n'.repeat(200)).then(String, String)
  expect(refused).toContain('800 things are wrong')
  expect(refused).toContain('and 700 more')
})

test('a line without end is given up, not collected', async () => {
  await expect(check(`{"content":"${'x'.repeat(12_000_000)}`)).rejects.toThrow('task 0 has no end')
})

test('batches hold at most so many tasks and bytes, and all of them in order', async () => {
  const long = { ...good, content: 'x'.repeat(100_000) }
  const file = write([...Array(130).fill(long), ...Array(70).fill(good)].map((task) => JSON.stringify(task)).join('\n'))
  const batches = await collect(batchesOf(readItems(file), 50))
  expect(batches.map(({ first, tasks }) => [first, tasks])).toEqual([0, 50, 100, 150].map((first) => [first, 50]))
  const bySize = await collect(batchesOf(readItems(file), 1_000))
  expect(bySize.map(({ first, tasks }) => [first, tasks])).toEqual([
    [0, 104],
    [104, 96],
  ])
  for (const { body, tasks } of bySize) {
    expect(Buffer.byteLength(body)).toBeLessThan(10 * 1024 * 1024)
    expect(JSON.parse(body)).toHaveLength(tasks)
  }
})
