import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/*
  A model that costs next to nothing: every call gets the same answer after the same time, whatever it asks. It
  counts and keeps no call. PUT /latency/<ms> begins a new count; GET /stats tells of it.
*/
const ANSWER = JSON.stringify({ title: 'Buy one, get one free: bring a friend', sentiment: 'positive', is_spam: false })
const COMPLETION = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 0,
    model: 'bench',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: ANSWER, refusal: null },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 200, completion_tokens: 20, total_tokens: 220 },
  }),
)
const HEADERS = { 'content-type': 'application/json', 'content-length': COMPLETION.length }

let latencyMs = 0
let stats = { calls: 0, busyMs: 0 }

const server = createServer((request, response) => {
  if (request.method === 'POST') take(request, response)
  else control(request, response)
})
// Longer than any client keeps an idle connection, so that none is closed under a request.
server.keepAliveTimeout = 120_000
server.on('connection', (socket: Socket) => socket.setNoDelay(true))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : undefined })}\n`)
})

function take(request: IncomingMessage, response: ServerResponse): void {
  const startedMs = performance.now()
  stats.calls += 1
  const answer = () => {
    stats.busyMs += performance.now() - startedMs
    response.writeHead(200, HEADERS).end(COMPLETION)
  }
  request.resume().once('end', () => {
    if (latencyMs === 0) answer()
    else setTimeout(answer, latencyMs)
  })
}

function control(request: IncomingMessage, response: ServerResponse): void {
  const [, ms] = /^\/latency\/(\d+)$/.exec(request.url ?? '') ?? []
  if (ms !== undefined) {
    latencyMs = Number(ms)
    stats = { calls: 0, busyMs: 0 }
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(stats))
}
