import { createServer } from 'node:net'

/** The port cannot be had. */
export class PortRefused extends Error {
  override readonly name = 'PortRefused'
}

/** Throws `PortRefused`, with the way out, when nobody may listen on the port: asked before anything is started. */
export async function demandFreePort(port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new PortRefused(refusal(port, error.code))))
    server.listen(port, resolve)
  })
  await new Promise((resolve) => server.close(resolve))
}

function refusal(port: number, code: string | undefined): string {
  const why = code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be used (${code})`
  const other = port < 65_535 && port >= 1_024 ? port + 1 : 8_081
  return `Port ${port} ${why}. Try another one: LLM_PORT=${other} npm start`
}
