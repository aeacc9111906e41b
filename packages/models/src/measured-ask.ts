import type { Telemetry } from '@magictask/runtime'
import type { Answer, AskRequest } from './ask.ts'
import type { Target } from './target.ts'

/** Asks a target, with the call counted and timed. */
export async function measuredAsk(
  telemetry: Telemetry,
  target: Target,
  request: AskRequest,
  signal: AbortSignal,
): Promise<Answer> {
  telemetry.record('magictask_calls_started_total', 1, {})
  const answer = await target.ask(request, signal)
  record(telemetry, answer)
  return answer
}

function record(telemetry: Telemetry, answer: Answer): void {
  const { provider, model, usage, costMicroUsd } = answer
  telemetry.record('llm_provider_requests_total', 1, { provider, model, outcome: answer.kind })
  telemetry.record('llm_provider_latency_seconds', answer.latencyMs / 1_000, { provider, model })
  if (answer.kind === 'broke') telemetry.record('llm_provider_errors_total', 1, { provider, fault: answer.fault })
  if (costMicroUsd !== undefined) telemetry.record('llm_provider_cost_total', costMicroUsd / 1e6, { provider, model })
  telemetry.record('magictask_tokens_total', usage.promptTokens ?? 0, { provider, model, direction: 'prompt' })
  telemetry.record('magictask_tokens_total', usage.completionTokens ?? 0, { provider, model, direction: 'completion' })
}
