import type { FaultCode } from '@magictask/domain'
import type { z } from 'zod'
import type { Scope } from '../token-claims.ts'
import type { HeaderName } from './header.ts'

/** A route as the outside sees it: what it takes, and everything it can answer. The app mounts it and OpenAPI describes it from this. */
export interface RouteSpec {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** With `{name}` where a parameter stands. */
  readonly path: `/${string}`
  readonly operationId: string
  readonly summary: string
  /** What the token has to allow; left out where none is asked for. */
  readonly scope?: Scope
  readonly query?: z.ZodObject
  readonly requestHeaders?: z.ZodObject
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown }
  readonly answers: Readonly<Record<number, AnswerSpec>>
  /** The faults of this route alone; those of the token, the database and the service are understood. */
  readonly faults: readonly FaultCode[]
}

/** What one status of a route answers with. */
export interface AnswerSpec {
  readonly description: string
  /** By media type; left out for an answer without a body. */
  readonly content?: Readonly<Record<string, z.ZodType>>
  /** Headers that the answer always has. */
  readonly headers?: readonly HeaderName[]
  /** Headers that it has in some cases. */
  readonly mayHave?: readonly HeaderName[]
}

/** What the addresses of version 1 begin with. */
export const API_BASE = '/api/public/v1'
