import type { Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import type { Answer, Ask, TokenUsage } from './ask.ts'
import { BrokenOff } from './broken-off.ts'
import type { ModelConfig, ProviderConfig } from './config/models-config.ts'
import { faultFromProvider, isUnbilled } from './fault-from-provider.ts'
import { costMicroUsd } from './prices.ts'
import type { Send } from './send.ts'
import { readAnswer } from './structured-answer.ts'

interface AskParts {
  readonly provider: Pick<ProviderConfig, 'name'>
  readonly model: Pick<ModelConfig, 'name' | 'price'>
  readonly clock: Clock
  readonly send: Send
}

/** An `Ask` out of something that sends: every reply, of every provider, is read, counted and every error classified here. */
export function askThrough({ provider, model, clock, send }: AskParts): Ask {
  return async (request, signal): Promise<Answer> => {
    const startedMs = clock.elapsedMs()
    let firstTokenMs: number | undefined
    const of = (usage: TokenUsage) => {
      const cost = costMicroUsd(model.price, usage)
      return {
        provider: provider.name,
        model: model.name,
        usage,
        latencyMs: clock.elapsedMs() - startedMs,
        ...(cost === undefined ? {} : { costMicroUsd: cost }),
        ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
      }
    }
    if (signal.aborted) return { ...of({}), kind: 'aborted' }
    const { onText } = request
    const told = (delta: string) => {
      firstTokenMs ??= clock.elapsedMs() - startedMs
      onText?.(delta)
    }
    try {
      const reply = await send(onText === undefined ? request : { ...request, onText: told }, signal)
      return { ...of(reply.usage), ...readAnswer(reply, request) }
    } catch (thrown) {
      const usage = thrown instanceof BrokenOff ? thrown.usage : {}
      // Once the signal has aborted, whatever was thrown is its doing.
      if (signal.aborted) return { ...of(usage), kind: 'aborted' }
      return { ...of(usage), ...afterError(faultFromProvider(thrown, clock.now(), provider.name), usage) }
    }
  }
}

type Ending = Pick<Extract<Answer, { kind: 'broke' }>, 'kind' | 'fault' | 'detail' | 'retryAfterMs' | 'costMicroUsd'>

function afterError(fault: Fault, usage: TokenUsage): Ending {
  const wait = fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }
  const isCounted = Object.keys(usage).length > 0
  const cost = isUnbilled(fault) && !isCounted ? { costMicroUsd: 0 } : {}
  return { kind: 'broke', fault: fault.code, detail: fault.message, ...wait, ...cost }
}
