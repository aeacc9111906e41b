/** What a model is made to do with the next calls. */
export type WireScript =
  /** Answers with this text: as content, or as the arguments of the tool that it was offered. */
  | { readonly kind: 'answer'; readonly text: string }
  /** Answers in words although it was offered a tool. */
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'cut-off'; readonly text: string }
  | { readonly kind: 'declined' }
  | { readonly kind: 'error'; readonly error: WireError }
  /** Ends the connection in the middle of the answer. */
  | { readonly kind: 'cut'; readonly text: string }
  /** Breaks off in the middle of a stream with an error that is an event of it. */
  | { readonly kind: 'error-in-stream'; readonly text: string }
  /** A page, with status 200, as a proxy in the way would send it. */
  | { readonly kind: 'html' }
  | { readonly kind: 'empty-body' }
  /** Exactly this, whatever the wire: for what only some server or some proxy does. */
  | {
      readonly kind: 'verbatim'
      readonly status?: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string | Uint8Array
    }
  /** A byte every few milliseconds, without end. */
  | { readonly kind: 'drip' }
  /** Begins its answer and says nothing more. */
  | { readonly kind: 'silent'; readonly text: string }

/** The errors that every provider has words of its own for. */
export const WIRE_ERRORS = [
  'rate-limited',
  'capacity',
  'quota-exhausted',
  'key-refused',
  'bad-request',
  'context-too-long',
  'content-refused',
  'model-unknown',
  'server-error',
] as const
export type WireError = (typeof WIRE_ERRORS)[number]

/** What goes over the wire: a status and what stands in the body. */
export interface WireAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** A request as it came. */
export interface WireRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

/** How one provider speaks: from its documentation, quirks included. */
export interface ProviderWire {
  readonly provider: string
  /** Where what is imitated here stands. */
  readonly sources: readonly string[]
  /** What is below the server's address in a base URL. */
  readonly basePath: string
  /** What the provider would say of a request that it does not take; undefined for one that it takes. */
  refusal(request: WireRequest): WireAnswer | undefined
  isStream(request: WireRequest): boolean
  /** The whole answer. */
  answer(request: WireRequest, said: Said): unknown
  /** The same as the events of a stream, in their order, each as it stands on the wire. */
  events(request: WireRequest, said: Said): readonly string[]
  /** An error that comes as an event: that there is no capacity. */
  readonly errorEvent: string
  readonly errors: Readonly<Record<WireError, WireAnswer>>
  /** How long it asks to wait when it is asked too often; undefined where it does not say. */
  readonly waitMs?: number
}

/** What a model says. */
export interface Said {
  readonly text: string
  readonly isToolRefused: boolean
  readonly finish: 'stop' | 'length' | 'filter'
}

/** What every call counts: the same for all, so that tests can compare. */
export const WIRE_USAGE = { promptTokens: 1_200, cachedTokens: 1_024, completionTokens: 90 } as const

/** An event of a stream. */
export function event(data: unknown, name?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`
}

/** A text in three pieces, as a stream brings it; never in the middle of a character. */
export function pieces(text: string): readonly string[] {
  const characters = Array.from(text)
  const third = Math.ceil(characters.length / 3)
  return [0, 1, 2].map((at) => characters.slice(at * third, (at + 1) * third).join(''))
}
