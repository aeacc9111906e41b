import { z } from 'zod'
import { startChild } from './child.ts'

/** What the model was asked since the latency was set. */
export interface ModelStats {
  readonly calls: number
  /** The sum of the times that its answers took, as it saw them. */
  readonly busyMs: number
}

/** The model server, in a process of its own. */
export interface Model extends AsyncDisposable {
  /** What `OPENAI_BASE_URL` has to say. */
  readonly baseUrl: string
  /** How long every answer takes from here on; the counts begin anew. */
  setLatency(latencyMs: number): Promise<void>
  stats(): Promise<ModelStats>
}

const Said = z.object({ port: z.int() })
const Stats = z.object({ calls: z.int(), busyMs: z.number() })

export async function startModel(): Promise<Model> {
  const child = await startChild('model-server')
  const address = `http://127.0.0.1:${Said.parse(child.said).port}`
  return {
    baseUrl: `${address}/v1`,
    async setLatency(latencyMs) {
      await (await fetch(`${address}/latency/${latencyMs}`, { method: 'PUT' })).arrayBuffer()
    },
    stats: async () => Stats.parse(await (await fetch(`${address}/stats`)).json()),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}
