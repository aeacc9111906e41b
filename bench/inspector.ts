import { once } from 'node:events'
import { z } from 'zod'

const Targets = z.tuple([z.object({ webSocketDebuggerUrl: z.string() })]).rest(z.unknown())
const Answer = z.object({ id: z.int(), result: z.unknown().optional() })
const Usage = z.object({ usedSize: z.number() })

const MEGABYTE = 1_024 * 1_024

/** The heap of a process that listens for an inspector on this port, in MB, after it was collected. */
export async function collectedHeapMb(inspectorPort: number): Promise<number> {
  const [target] = Targets.parse(await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json())
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await once(socket, 'open')
  try {
    // Twice: what the first collection finds to be finalised, the second takes.
    await ask(socket, 'HeapProfiler.collectGarbage')
    await ask(socket, 'HeapProfiler.collectGarbage')
    return Usage.parse(await ask(socket, 'Runtime.getHeapUsage')).usedSize / MEGABYTE
  } finally {
    socket.close()
  }
}

let asked = 0

function ask(socket: WebSocket, method: string): Promise<unknown> {
  const id = ++asked
  return new Promise((resolve, reject) => {
    const onMessage = (event: MessageEvent) => {
      const answer = Answer.safeParse(JSON.parse(String(event.data)))
      if (answer.data?.id !== id) return
      socket.removeEventListener('message', onMessage)
      resolve(answer.data.result)
    }
    socket.addEventListener('message', onMessage)
    socket.addEventListener('close', () => reject(new Error('the inspector closed')), { once: true })
    socket.send(JSON.stringify({ id, method }))
  })
}
