import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { GENERATE, startApiUnderTest } from './api-under-test.ts'

const BODY = 'x'.repeat(10)

/** A request that is refused before its body is sent, which then follows. */
async function refused(address: string, agent: Agent): Promise<IncomingMessage['statusCode']> {
  const headers = { 'content-type': 'application/json', 'content-length': BODY.length }
  const asked = request(`${address}${GENERATE}`, { method: 'POST', agent, headers })
  asked.flushHeaders()
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    asked.on('response', resolve).on('error', reject),
  )
  const { statusCode } = answer
  await Promise.all([text(answer), new Promise<void>((resolve) => asked.end(BODY, resolve))])
  return statusCode
}

test('a connection on which body after body is refused keeps nothing of them', async () => {
  await using sut = await startApiUnderTest()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const warnings: string[] = []
  const warned = (warning: Error) => warnings.push(warning.name)
  process.on('warning', warned)
  try {
    for (let n = 0; n < 30; n++) expect(await refused(sut.address, agent)).toBe(401)
    expect(warnings).toEqual([])
  } finally {
    process.off('warning', warned)
    agent.destroy()
  }
})
