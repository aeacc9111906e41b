import type { Clock } from '@magictask/runtime'
import type { Answer, AskRequest, Provider } from './ask.ts'
import { faultFromProvider } from './fault-from-provider.ts'
import type { ModelReply } from './model-reply.ts'
import { readAnswer } from './structured-answer.ts'

interface ProviderParts {
  readonly name: string
  readonly model: string
  readonly clock: Clock
  /** Sends one question, once; throws whatever its client throws. */
  readonly send: (request: AskRequest, signal: AbortSignal) => Promise<ModelReply>
}

/** A provider out of something that sends: every reply, of every provider, is read and every error classified here. */
export function providerThrough({ name, model, clock, send }: ProviderParts): Provider {
  return {
    name,
    model,
    async ask(request, signal): Promise<Answer> {
      const startedMs = clock.elapsedMs()
      const of = (usage: Answer['usage']) => ({
        provider: name,
        model,
        usage,
        latencyMs: clock.elapsedMs() - startedMs,
      })
      if (signal.aborted) return { ...of({}), kind: 'aborted' }
      try {
        const reply = await send(request, signal)
        return { ...of(reply.usage), ...readAnswer(reply, request) }
      } catch (thrown) {
        return { ...of({}), ...afterError(thrown, signal, clock) }
      }
    },
  }
}

type Ending =
  | { readonly kind: 'aborted' }
  | Pick<Extract<Answer, { kind: 'broke' }>, 'kind' | 'fault' | 'detail' | 'retryAfterMs'>

/** Once the signal has aborted, whatever was thrown is its doing. */
function afterError(thrown: unknown, signal: AbortSignal, clock: Clock): Ending {
  if (signal.aborted) return { kind: 'aborted' }
  const fault = faultFromProvider(thrown, clock.now())
  const wait = fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }
  return { kind: 'broke', fault: fault.code, detail: fault.message, ...wait }
}
