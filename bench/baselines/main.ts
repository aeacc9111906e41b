import { fetchAndZod } from './fetch-and-zod.ts'
import { langchainCall } from './langchain-call.ts'
import { oneQuestion } from './one-question.ts'

/*
  A loop with nothing around it: `main.ts <which> <base url> <calls to warm up> <calls> <at once>`.
  Prints the CPU and the wall time of the calls after the warm-up.
*/
const [which = '', baseUrl = '', ...numbers] = process.argv.slice(2)
const [warmUp = 0, calls = 0, atOnce = 1] = numbers.map(Number)
const call = await callOf(which)

await loop(warmUp)
const cpuBefore = process.cpuUsage()
const startedMs = performance.now()
await loop(calls)
const wallMs = performance.now() - startedMs
const { user, system } = process.cpuUsage(cpuBefore)
process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000, wallMs })}\n`, () => process.exit(0))

async function loop(total: number): Promise<void> {
  let begun = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (begun < total) await call(contentOf(begun++))
    }),
  )
}

async function callOf(name: string): Promise<(content: string) => Promise<unknown>> {
  switch (name) {
    case 'langchain':
      return langchainCall(baseUrl)
    case 'ask':
    case 'cache-hit':
      return oneQuestion(baseUrl, { cached: name === 'cache-hit' })
    default:
      return fetchAndZod(baseUrl)
  }
}

function contentOf(at: number): string {
  return `Offer ${at}: buy one, get one free, this week only. Bring a friend!`
}
