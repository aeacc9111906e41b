import type { IncomingMessage } from 'node:http'
import { LIMITS } from '@magictask/contracts'
import { Fault } from '@magictask/domain'
import { syntaxErrorAt } from './json-syntax.ts'
import { createShapeGuard } from './shape-guard.ts'

/** A body that is JSON, as text and as value. */
export interface JsonBody {
  /** As it came, for its hash. */
  readonly bytes: Buffer
  readonly value: unknown
}

/**
 * Reads a body of uncompressed `application/json` in UTF-8. What is too large or nests too deep is refused as soon as
 * that shows, and never held; what follows is read by nobody. Nothing of the content is echoed.
 */
export async function readJson(request: IncomingMessage): Promise<JsonBody> {
  demandJson(request)
  if (Number(request.headers['content-length'] ?? 0) > LIMITS.bodyBytes) throw tooLarge()
  const bytes = await collect(request)
  return { bytes, value: parse(decode(bytes)) }
}

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i

function demandJson({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (JSON_TYPE.test(headers['content-type'] ?? '') && encoding.trim().toLowerCase() === 'identity') return
  throw new Fault('request.unsupported_media_type')
}

/** Listens instead of iterating: leaving a loop over the request would close the connection before the answer is out. */
function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const shapeAfter = createShapeGuard({ nesting: LIMITS.nesting, members: LIMITS.tasksPerBatch })
    let bytes = 0
    const refuse = (fault: Fault) => {
      request.off('data', take).resume()
      reject(fault)
    }
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      const shape = shapeAfter(chunk)
      if (bytes > LIMITS.bodyBytes) refuse(tooLarge())
      else if (shape === 'too-deep') refuse(tooDeep())
      else if (shape === 'too-many') refuse(tooMany())
    }
    request.on('data', take)
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', (cause) => reject(brokenOff(cause)))
    request.once('close', () => reject(brokenOff(undefined)))
  })
}

function tooLarge(): Fault {
  return new Fault('request.too_large', { detail: `The body is larger than ${LIMITS.bodyBytes} bytes.` })
}

function tooDeep(): Fault {
  return new Fault('request.invalid', { detail: `The body nests deeper than ${LIMITS.nesting} levels.` })
}

function tooMany(): Fault {
  return new Fault('request.too_large', { detail: `The body is a list of more than ${LIMITS.tasksPerBatch} items.` })
}

function brokenOff(cause: unknown): Fault {
  return new Fault('request.invalid', { cause, detail: 'The connection ended before the body did.' })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Fault('request.not_json', { detail: 'The body is not valid UTF-8.' })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { line, column } = syntaxErrorAt(text)
    throw new Fault('request.not_json', { detail: `The body is not valid JSON: line ${line}, column ${column}.` })
  }
}
