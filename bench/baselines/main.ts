import { fetchAndZod } from './fetch-and-zod.ts'
import { langchainCall } from './langchain-call.ts'

/*
  A bare loop with nothing around it: `main.ts <which> <base url> <calls to warm up> <calls> <at once>`.
  Prints the CPU and the wall time of the calls after the warm-up.
*/
const [which = '', baseUrl = '', ...numbers] = process.argv.slice(2)
const [warmUp = 0, calls = 0, atOnce = 1] = numbers.map(Number)
const call = which === 'langchain' ? langchainCall(baseUrl) : fetchAndZod(baseUrl)

await loop(warmUp)
const cpuBefore = process.cpuUsage()
const startedMs = performance.now()
await loop(calls)
const wallMs = performance.now() - startedMs
const { user, system } = process.cpuUsage(cpuBefore)
process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000, wallMs })}\n`)

async function loop(total: number): Promise<void> {
  let begun = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (begun < total) await call(contentOf(begun++))
    }),
  )
}

function contentOf(at: number): string {
  return `Offer ${at}: buy one, get one free, this week only. Bring a friend!`
}
