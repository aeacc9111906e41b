import { contentBlock } from '@magictask/models'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { startModelServer } from '../src/index.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    mood: { enum: ['good', 'bad'] },
    sure: { type: 'number', minimum: 0.5, maximum: 1 },
  },
}

const Completion = z.object({ choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })]) })

async function ask(baseUrl: string, content: string): Promise<unknown> {
  const response_format = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: SCHEMA } }
  const body = JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: contentBlock(content) }],
    response_format,
  })
  const response = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', body })
  const { choices } = Completion.parse(await response.json())
  return JSON.parse(choices[0].message.content)
}

test('an answer has the shape that was asked for, and says which content and which call it belongs to', async () => {
  await using server = await startModelServer()
  expect(await ask(server.baseUrl, 'One content')).toEqual({ title: 'One content #1', mood: 'good', sure: 0.5 })
  expect(await ask(server.baseUrl, 'One content')).toMatchObject({ title: 'One content #2' })
  expect(await ask(server.baseUrl, 'Another')).toMatchObject({ title: 'Another #1' })
  expect(server.callsFor('One')).toHaveLength(2)
  expect(server.maxAtOnce).toBe(1)
})

test('a script sees what came before, and the wire is as strict as the real one', async () => {
  const seen: number[] = []
  await using server = await startModelServer({
    script: ({ earlier, earlierCalls }) => {
      seen.push(earlier, earlierCalls)
      return undefined
    },
  })
  await ask(server.baseUrl, 'a')
  await ask(server.baseUrl, 'b')
  await ask(server.baseUrl, 'b')
  expect(seen).toEqual([0, 0, 0, 1, 1, 2])
  const loose = await fetch(`${server.baseUrl}/chat/completions`, { method: 'POST', body: '{"model":"m"}' })
  expect(loose.status).toBe(400)
})

test('it goes down twice, comes up on its port, and is disposed of twice', async () => {
  await using server = await startModelServer()
  await server.down()
  await server.down()
  await expect(ask(server.baseUrl, 'x')).rejects.toThrow()
  await server.up()
  expect(await ask(server.baseUrl, 'x')).toMatchObject({ title: 'x #1' })
  await server[Symbol.asyncDispose]()
})
