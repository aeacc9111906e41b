import type { Server } from 'node:http'

/** Has a server listen, and tells on which port; 0 takes a free one. Throws with the way out when the port is taken. */
export async function startListening(
  server: Server,
  at: { readonly port: number; readonly host?: string },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portTaken(at.port) : error),
    )
    server.listen(at, resolve)
  })
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('the server listens on no port')
}

function portTaken(port: number): Error {
  return new Error(`Port ${port} is taken by another process. Set LLM_PORT to a free one.`)
}
