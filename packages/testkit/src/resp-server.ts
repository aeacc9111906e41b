import { createServer, type Server, type Socket } from 'node:net'

/** A small Redis for tests: texts with a time to live, over the wire protocol that Redis 2 brought. It can go away and come back. */
export interface RespServer extends AsyncDisposable {
  readonly url: string
  /** As if another program had written there; it stays. */
  put(key: string, text: string): void
  /** Answers nothing more until it is told to, and keeps its connections. */
  stall(): void
  down(): Promise<void>
  /** On the same port, with what it held. */
  up(): Promise<void>
}

export async function startRespServer(): Promise<RespServer> {
  const held: Held = new Map()
  const sockets = new Set<Socket>()
  let isStalled = false
  const listener = (socket: Socket) => {
    sockets.add(socket)
    let unread = ''
    socket.setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      const { commands, rest } = readCommands(unread + chunk)
      unread = rest
      if (!isStalled) for (const command of commands) socket.write(replyTo(held, command), 'latin1')
    })
  }
  let server = await listen(createServer(listener), 0)
  const port = portOf(server)
  const down = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    put: (key, text) => void held.set(key, { text, untilMs: Number.POSITIVE_INFINITY }),
    stall() {
      isStalled = true
    },
    down,
    async up() {
      isStalled = false
      server = await listen(createServer(listener), port)
    },
    [Symbol.asyncDispose]: down,
  }
}

interface Entry {
  readonly text: string
  readonly untilMs: number
}
type Held = Map<string, Entry>

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

/** The whole commands that a text begins with, and what is left of it. Bytes are characters here. */
function readCommands(text: string): { readonly commands: readonly (readonly string[])[]; readonly rest: string } {
  const commands: (readonly string[])[] = []
  let at = 0
  for (let read = readCommand(text, at); read !== undefined; read = readCommand(text, at)) {
    commands.push(read.command)
    at = read.end
  }
  return { commands, rest: text.slice(at) }
}

/** `*2`, then `$3` and `GET`, `$1` and `a`, each line ended by CRLF. */
function readCommand(text: string, from: number) {
  const count = readLength(text, from, '*')
  if (count === undefined) return undefined
  const command: string[] = []
  let at = count.end
  for (let part = 0; part < count.length; part++) {
    const size = readLength(text, at, '$')
    if (size === undefined || text.length < size.end + size.length + 2) return undefined
    command.push(text.slice(size.end, size.end + size.length))
    at = size.end + size.length + 2
  }
  return { command, end: at }
}

function readLength(text: string, from: number, mark: string) {
  const end = text.indexOf('\r\n', from)
  if (end < 0) return undefined
  if (text.charAt(from) !== mark) throw new Error('a command is a list of texts')
  return { length: Number(text.slice(from + 1, end)), end: end + 2 }
}

function replyTo(held: Held, [name = '', ...args]: readonly string[]): string {
  switch (name.toUpperCase()) {
    case 'MGET':
      return `*${args.length}\r\n${args.map((key) => bulk(get(held, key))).join('')}`
    case 'SET':
      return set(held, args)
    case 'INFO':
      return bulk('redis_version:7.0.0\r\nloading:0\r\n')
    case 'CLIENT':
    case 'SELECT':
      return '+OK\r\n'
    default:
      return `-ERR unknown command '${name}'\r\n`
  }
}

function bulk(text: string | undefined): string {
  return text === undefined ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`
}

function get(held: Held, key: string): string | undefined {
  const entry = held.get(key)
  return entry === undefined || entry.untilMs <= performance.now() ? undefined : entry.text
}

function set(held: Held, [key = '', text = '', unit = '', amount = '']: readonly string[]): string {
  if (unit.toUpperCase() !== 'PX') return '-ERR syntax error\r\n'
  held.set(key, { text, untilMs: performance.now() + Number(amount) })
  return '+OK\r\n'
}
