import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

interface Instrument {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800] as const

/** Every metric there is. Dashboards and alerts quote these names, so renaming one is a breaking change. No tenant and no id is a label. */
// biome-ignore format: a table, one line a row
export const METRICS = {
  llm_requests_total: { type: 'counter', help: 'Tasks that ended, by magicType and how.', labels: ['magic_type', 'status'] },
  llm_request_duration_seconds: { type: 'histogram', help: 'From the claim of a task to its end.', labels: ['magic_type'], buckets: SECONDS },
  llm_active_tasks: { type: 'gauge', help: 'Tasks that this worker runs now.', labels: [] },
  llm_queue_length: { type: 'gauge', help: 'Waiting tasks, by lane.', labels: ['lane'] },
  llm_provider_requests_total: { type: 'counter', help: 'Model calls, by how they came out; embeddings that are paid are among them.', labels: ['provider', 'model', 'outcome'] },
  llm_provider_errors_total: { type: 'counter', help: 'Model calls that broke, by fault.', labels: ['provider', 'fault'] },
  llm_provider_latency_seconds: { type: 'histogram', help: 'How long a model call took.', labels: ['provider', 'model'], buckets: SECONDS },
  magictask_admission_wait_seconds: { type: 'histogram', help: 'How long a model call waited for a target that is ready and free; those that did not wait are not in it.', labels: ['queue'], buckets: SECONDS },
  magictask_breaker_state: { type: 'gauge', help: 'A target as this worker sees it: 0 closed, 1 ramping, 2 probing, 3 open.', labels: ['provider', 'model'] },
  magictask_breaker_transitions_total: { type: 'counter', help: 'Changes of the state of a target that this worker made for the fleet.', labels: ['provider', 'model', 'to', 'reason'] },
  magictask_limit_slots: { type: 'gauge', help: 'Limits of the fleet: what this worker holds, uses, and wants beyond that.', labels: ['limit', 'share'] },
  llm_cache_hits_total: { type: 'counter', help: 'Answers found again, by where: memory, redis, or a call under way for an identical question.', labels: ['level'] },
  llm_cache_misses_total: { type: 'counter', help: 'Answers looked for and not found.', labels: [] },
  llm_cache_evictions_total: { type: 'counter', help: 'Answers that made room for others in memory.', labels: [] },
  llm_provider_cost_total: { type: 'counter', help: 'US dollars that model calls cost, as far as prices are known.', labels: ['provider', 'model'] },
  magictask_repeated_calls_total: { type: 'counter', help: 'Model calls that were not the first of their suggestion; all calls against tasks is llm_provider_requests_total / llm_requests_total.', labels: ['provider'] },
  magictask_admitted_share: { type: 'gauge', help: 'The part of its slots that a worker uses: below 1 while its event loop lags or its memory runs short.', labels: [] },
  magictask_calls_waiting: { type: 'gauge', help: 'Model calls of this worker that wait for a slot, a rate or a target.', labels: [] },
  magictask_calls_started_total: { type: 'counter', help: 'Model calls begun; more of a worker than are recorded means calls that a crash cut off. What an api embeds for no task is never recorded.', labels: [] },
  magictask_tokens_total: { type: 'counter', help: 'Tokens that providers counted.', labels: ['provider', 'model', 'direction'] },
  magictask_tasks_submitted_total: { type: 'counter', help: 'Tasks accepted.', labels: ['magic_type', 'lane'] },
  magictask_tasks_claimed_total: { type: 'counter', help: 'Claims that a worker won.', labels: ['lane'] },
  magictask_tasks_released_total: { type: 'counter', help: 'Tasks put on Kafka, again or for the first time.', labels: ['lane'] },
  magictask_tasks_rescued_total: { type: 'counter', help: 'Tasks taken back from dead workers.', labels: [] },
  magictask_settles_refused_total: { type: 'counter', help: 'Late writes of workers that no longer held the task.', labels: [] },
  magictask_dead_letters_total: { type: 'counter', help: 'Records put on the dead-letter topic, by reason.', labels: ['reason'] },
  magictask_results_published_total: { type: 'counter', help: 'Records put on the result topic.', labels: [] },
  magictask_produce_requests_total: { type: 'counter', help: 'Requests that put records on Kafka, many records in each.', labels: [] },
  magictask_http_requests_total: { type: 'counter', help: 'HTTP requests, by route and status.', labels: ['method', 'route', 'status'] },
  magictask_http_request_duration_seconds: { type: 'histogram', help: 'How long an HTTP request took.', labels: ['method', 'route'], buckets: SECONDS },
} as const satisfies Record<string, Instrument>

export type MetricName = keyof typeof METRICS
export type Labels<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>

/** Where measurements go. A counter adds `amount`, a gauge is set to it, a histogram observes it. */
export interface Telemetry {
  record<Name extends MetricName>(name: Name, amount: number, labels: Labels<Name>): void
  /** Everything recorded so far, in the Prometheus text format. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** A registry of its own, so that two apps in one process (or in a test) do not share numbers. */
export function createTelemetry(options: { readonly processMetrics: boolean }): Telemetry {
  const registry = new Registry()
  if (options.processMetrics) collectDefaultMetrics({ register: registry })
  const instruments = new Map(
    Object.entries(METRICS).map(([name, spec]) => [name, createInstrument(registry, name, spec)]),
  )
  return {
    record: (name, amount, labels) => instruments.get(name)?.(amount, labels),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

type Recorder = (amount: number, labels: Readonly<Record<string, string>>) => void

function createInstrument(registry: Registry, name: string, spec: Instrument): Recorder {
  const base = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] }
  switch (spec.type) {
    case 'counter': {
      const counter = new Counter(base)
      return (amount, labels) => counter.inc(labels, amount)
    }
    case 'gauge': {
      const gauge = new Gauge(base)
      return (amount, labels) => gauge.set(labels, amount)
    }
    case 'histogram': {
      const histogram = new Histogram({ ...base, buckets: [...(spec.buckets ?? SECONDS)] })
      return (amount, labels) => histogram.observe(labels, amount)
    }
  }
}
