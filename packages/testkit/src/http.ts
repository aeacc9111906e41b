import { Ajv2020 } from 'ajv/dist/2020.js'
import { z } from 'zod'

/** An answer, read whole. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, where it is JSON. */
  readonly json: unknown
}

/** What to send; a GET without a body unless said otherwise. */
export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH' | 'HEAD' | 'OPTIONS'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is. */
  readonly body?: string | Uint8Array
  /** Sent as JSON. */
  readonly json?: unknown
  readonly signal?: AbortSignal
}

/** Asks an api, and throws when an answer is not as `/openapi.json` says: its status, type, body or headers. */
export interface HttpClient {
  (path: string, request?: HttpRequest): Promise<HttpAnswer>
  /** The same client with this token. */
  withToken(token: string): HttpClient
}

const Answer = z.object({
  headers: z.record(z.string(), z.object({ required: z.boolean(), schema: z.object({ pattern: z.string() }) })),
  content: z.record(z.string(), z.unknown()).optional(),
})
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.object({ responses: z.record(z.string(), Answer) }))),
})
type Answer = z.infer<typeof Answer>

/** A client of the api at an address such as `http://127.0.0.1:8080`. */
export async function openHttpClient(address: string): Promise<HttpClient> {
  const document = Document.parse(await (await fetch(`${address}/openapi.json`)).json())
  const check = checkAgainst(document)
  const clientWith = (standing: Readonly<Record<string, string>>): HttpClient => {
    const client = async (path: string, request: HttpRequest = {}) => {
      const answer = await send(`${address}${path}`, request, standing)
      check(request.method ?? 'GET', new URL(`${address}${path}`).pathname, answer)
      return answer
    }
    return Object.assign(client, { withToken: (token: string) => clientWith({ authorization: `Bearer ${token}` }) })
  }
  return clientWith({})
}

async function send(
  url: string,
  request: HttpRequest,
  standing: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  const { method = 'GET', json, signal } = request
  const body = json === undefined ? request.body : JSON.stringify(json)
  const type = json === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, {
    method,
    headers: { ...standing, ...type, ...request.headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await response.text()
  const isJson = /^application\/(?:problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
}

type Check = (method: string, path: string, answer: HttpAnswer) => void

function checkAgainst(document: z.infer<typeof Document>): Check {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(document, 'openapi')
  return (method, path, answer) => {
    const wrong = firstWrong(document, ajv, { method, path, answer })
    if (wrong === undefined) return
    const what = `${method} ${path} answered ${answer.status}, which is not as described`
    throw new Error(`${what}: ${wrong}\n${answer.text.slice(0, 500)}`)
  }
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly answer: HttpAnswer
}

function firstWrong(document: z.infer<typeof Document>, ajv: Ajv2020, exchange: Exchange): string | undefined {
  const { method, path, answer } = exchange
  if (!answer.headers.has('x-request-id')) return 'there is no X-Request-Id'
  if (method === 'OPTIONS') return undefined
  const template = Object.keys(document.paths).find((one) => patternOf(one).test(path)) ?? ''
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
  const operation = document.paths[template]?.[verb]
  if (operation === undefined) return mismatch(ajv, ['components', 'schemas', 'Problem'], [answer.json])
  const described = operation.responses[answer.status]
  if (described === undefined) return 'the status is not described'
  const header = firstWrongHeader(described, answer.headers)
  if (header !== undefined) return `the header ${header}`
  if (method === 'HEAD' || described.content === undefined) return answer.text === '' ? undefined : 'it has a body'
  const type = (answer.headers.get('content-type') ?? '').replace(/;.*$/, '')
  if (described.content[type] === undefined) return `the type ${type}`
  const place = ['paths', template, verb, 'responses', String(answer.status), 'content', type, 'schema']
  return mismatch(ajv, place, bodiesOf(type, answer))
}

/** How the first of the bodies that does not fit differs from the schema at a place of the document. */
function mismatch(ajv: Ajv2020, place: readonly string[], bodies: readonly unknown[]): string | undefined {
  const pointer = place.map((step) => `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
  const validate = ajv.compile({ $ref: `openapi#${pointer.join('')}` })
  return bodies.every((body) => validate(body)) ? undefined : ajv.errorsText(validate.errors)
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

function firstWrongHeader(described: Answer, headers: Headers): string | undefined {
  return Object.entries(described.headers).find(([name, { required, schema }]) => {
    const value = headers.get(name)
    return value === null ? required : !new RegExp(schema.pattern).test(value)
  })?.[0]
}

function bodiesOf(type: string, answer: HttpAnswer): readonly unknown[] {
  if (type === 'application/x-ndjson')
    return answer.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  return [answer.json ?? answer.text]
}
