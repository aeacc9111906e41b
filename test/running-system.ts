import { randomUUID } from 'node:crypto'
import { signToken } from '@magictask/api'
import { TenantId, type Tier } from '@magictask/domain'
import { type Database, openDatabase } from '@magictask/store'
import {
  type AppProcess,
  createDatabase,
  type HttpClient,
  type ModelServer,
  openHttpClient,
  type Script,
  startApp,
  startModelServer,
} from '@magictask/testkit'
import { inject } from 'vitest'
import { z } from 'zod'

const SECRET = 'a secret of at least thirty-two bytes'
const TENANT = TenantId.parse('acme')
const GENERATE = '/api/public/v1/generate'

export interface SystemOptions {
  readonly workers?: number
  readonly latencyMs?: number
  readonly script?: Script
  readonly env?: Readonly<Record<string, string>>
  /** Of a test that stops it; the shared one when left out. */
  readonly brokers?: readonly string[]
  readonly postgresUrl?: string
}

/** The whole system: an api and workers as processes, on real Kafka and PostgreSQL, with a model server over HTTP. */
export interface RunningSystem extends AsyncDisposable {
  readonly api: AppProcess
  readonly workers: AppProcess[]
  readonly model: ModelServer
  readonly db: Database
  readonly topic: string
  readonly http: HttpClient
  /** One more worker, as the `n`-th: the model that it asks for says which it is. */
  startWorker(n: number): Promise<AppProcess>
  startApi(): Promise<AppProcess>
  /** For a tenant that pays, unless another's token is given. */
  submit(items: readonly object[], token?: string): Promise<Accepted>
  /** What the batch came to, once it has ended. */
  ended(batchId: string, token?: string): Promise<Batch>
  task(taskId: string): Promise<Task>
}

const Accepted = z.object({ batch_id: z.string(), tasks: z.array(z.object({ task_id: z.string() })) })
type Accepted = z.infer<typeof Accepted>
const Batch = z.object({
  status: z.string(),
  counts: z.record(z.string(), z.number()),
  finished_at: z.string().optional(),
})
type Batch = z.infer<typeof Batch>
const Task = z.object({
  status: z.string(),
  results: z.array(z.unknown()),
  error: z.object({ code: z.string() }).optional(),
  degraded_reason: z.object({ code: z.string() }).optional(),
  attempts: z.number(),
  usage: z.object({ model_calls: z.number() }),
})
type Task = z.infer<typeof Task>

/** An item of a batch, with a content of its own. */
export function item(content: string, more: object = {}): object {
  return { campaignSn: 'spring', magicType: 'title_optimize', content, ...more }
}

/** Many items with contents that no other has. */
export function items(count: number, named = 'item'): readonly object[] {
  return Array.from({ length: count }, (_, at) => item(`${named} ${String(at).padStart(5, '0')} of the batch`))
}

export async function startSystem(options: SystemOptions = {}): Promise<RunningSystem> {
  await using starting = new AsyncDisposableStack()
  // Everything lives in one stack, to which processes are added as long as the system runs.
  const open = new AsyncDisposableStack()
  starting.use(open)
  const database = open.use(
    options.postgresUrl === undefined
      ? await createDatabase(inject('postgresUrl'), { template: inject('postgresTemplate') })
      : await createDatabase(options.postgresUrl),
  )
  const model = open.use(
    await startModelServer({
      latencyMs: options.latencyMs ?? 0,
      ...(options.script === undefined ? {} : { script: options.script }),
    }),
  )
  const topic = `system-${randomUUID()}`
  const env = environment(options, { url: database.url, topic, model })
  const startProcess = async (app: 'api' | 'worker', more: Readonly<Record<string, string>> = {}) =>
    open.use(await startApp(app, { env: { ...env, ...more }, portVariable: 'LLM_PORT' }))
  const startWorker = (n: number) => startProcess('worker', { OPENAI_MODEL: `worker-${n}`, ...options.env })

  const [api, ...workers] = await Promise.all([
    startProcess('api'),
    ...Array.from({ length: options.workers ?? 2 }, (_, n) => startWorker(n)),
  ])
  const db = open.use(
    openDatabase({
      url: database.url,
      name: 'test',
      maxConnections: 2,
      statementTimeoutMs: 20_000,
      onIdleError: () => undefined,
    }),
  )
  const http = (await openHttpClient(api.url)).withToken(tokenOf(TENANT))
  starting.move()
  return {
    api,
    workers,
    model,
    db,
    topic,
    http,
    startWorker,
    startApi: () => startProcess('api'),
    submit: async (batch, token) => {
      const client = token === undefined ? http : http.withToken(token)
      return Accepted.parse((await client(GENERATE, { method: 'POST', json: batch })).json)
    },
    ended: (batchId, token) => untilEnded(token === undefined ? http : http.withToken(token), batchId),
    task: async (taskId) => Task.parse((await http(`/api/public/v1/tasks/${taskId}`)).json),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** A token of a tenant for any system of these tests. */
export function tokenOf(tenant: string, tier: Tier = 'paid'): string {
  return signToken({ secret: SECRET, tenant: TenantId.parse(tenant), tier, expiresInSeconds: 3_600 })
}

function environment(
  options: SystemOptions,
  { url, topic, model }: { url: string; topic: string; model: ModelServer },
) {
  return {
    POSTGRES_URL: url,
    KAFKA_BOOTSTRAP_SERVERS: (options.brokers ?? inject('kafkaBrokers')).join(),
    KAFKA_TOPIC: topic,
    KAFKA_PARTITIONS: '6',
    JWT_SECRET: SECRET,
    OPENAI_API_KEY: 'sk-secret-of-the-test',
    OPENAI_BASE_URL: model.baseUrl,
    LLM_MAX_WORKERS: '16',
    WORKER_LEASE: '5s',
    LOG_LEVEL: 'warn',
    ...options.env,
  }
}

async function untilEnded(http: HttpClient, batchId: string): Promise<Batch> {
  for (;;) {
    const answer = await http(`/api/public/v1/batches/${batchId}`, { headers: { prefer: 'wait=20' } })
    if (answer.status !== 200) continue
    const batch = Batch.parse(answer.json)
    const { submitted, ...others } = batch.counts
    const sum = Object.values(others).reduce((total, count) => total + count, 0)
    if (sum !== submitted) throw new Error(`the counts do not add up: ${JSON.stringify(batch.counts)}`)
    if (batch.finished_at !== undefined) return batch
  }
}

/** Resolves once it is true; the test's own time-out is its limit. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50))
}

const Asked = z.object({ model: z.string() })

/** The model that a call asks for: the name that `startWorker` gave its worker. */
export function workerOf(call: { readonly body: unknown }): string {
  return Asked.parse(call.body).model
}

/** What nobody may ever see broken: one ending a task, no reservation left, everything announced. */
export async function whatIsLeft(system: RunningSystem): Promise<object> {
  await until(async () => {
    const [row] = await system.db.query<{ left: number }>('select count(*)::int as left from result_outbox')
    return row?.left === 0
  })
  const [row] = await system.db.query(`
    select (select count(*)::int from waiting) as waiting,
      (select count(*)::int from tasks where state in ('queued', 'running')) as unfinished,
      (select count(*)::int from results) = (select count(*)::int from tasks) as a_result_each,
      (select coalesce(sum(open), 0)::int from batches) as open`)
  return { ...row }
}

export const NOTHING_LEFT = { waiting: 0, unfinished: 0, a_result_each: true, open: 0 }
