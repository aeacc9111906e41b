import { Fault } from '@magictask/domain'
import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import type { TokenUsage } from '../ask.ts'
import { Refused } from '../http/refused.ts'
import type { ModelReply } from '../model-reply.ts'
import { isError } from '../provider-error.ts'
import { argumentsOf, content, text, toldIn, toolCalls, Usage, usageOf } from './completion.ts'

/** Who follows a stream. */
export interface StreamListener {
  /** A piece of the answer's text. */
  onText(delta: string): void
  /** Something of worth came: text, or a thought that is not shown. */
  heard(): void
}

/** A chat completion that comes in pieces. */
export class CompletionStream {
  readonly #listener: StreamListener
  readonly #decoder = new TextDecoder()
  readonly #parser = createParser({ onEvent: ({ data }) => this.#take(data) })
  #text = ''
  /** Of a tool: where there are any, they are the answer. */
  #arguments = ''
  #refusal = ''
  #finishReason: string | undefined
  #usage: z.infer<typeof Usage> | undefined
  #isDone = false
  #hasBegun = false

  constructor(listener: StreamListener) {
    this.#listener = listener
  }

  /** Takes the bytes as they come; throws where they are no chunks, or the provider's error. */
  take(bytes: Buffer): void {
    this.#hasBegun = true
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
  }

  /** Whether anything came. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** What was counted so far. */
  get usage(): TokenUsage {
    return usageOf(this.#usage)
  }

  /** The whole reply; throws where the stream ended before it was. */
  whole(): ModelReply {
    if (this.#finishReason === undefined && !this.#isDone) throw new Fault('provider.reset', { detail: CUT })
    return {
      ...toldIn(this.#text, this.#arguments),
      finishReason: this.#finishReason,
      refused: this.#refusal !== '',
      usage: this.usage,
    }
  }

  #take(data: string): void {
    if (data === '[DONE]') {
      this.#isDone = true
      return
    }
    const body: unknown = JSON.parse(data)
    if (isError(body)) throw new Refused({ body })
    const chunk = Chunk.parse(body)
    const [choice] = chunk.choices
    this.#usage = chunk.usage ?? choice?.usage ?? this.#usage
    this.#finishReason = choice?.finish_reason ?? this.#finishReason
    this.#refusal += choice?.delta?.refusal ?? ''
    const args = argumentsOf(choice?.delta?.tool_calls)
    const delta = choice?.delta?.content ?? ''
    this.#arguments += args
    this.#text += delta
    if (args + delta + thoughtIn(choice?.delta) !== '') this.#listener.heard()
    if (args + delta !== '') this.#listener.onText(args + delta)
  }
}

function thoughtIn(delta: z.infer<typeof Delta> | undefined): string {
  return delta?.reasoning_content ?? delta?.reasoning ?? ''
}

const CUT = 'The stream of the answer ended in the middle.'

const usage = Usage.optional().catch(undefined)
const Delta = z.object({
  content,
  refusal: text,
  tool_calls: toolCalls,
  reasoning_content: text,
  reasoning: text,
})
/** Kimi says the usage in the last choice, all others beside the choices. */
const Choice = z.object({ delta: Delta.optional().catch(undefined), finish_reason: text, usage })
const Chunk = z.object({ choices: z.array(Choice).catch([]), usage })
