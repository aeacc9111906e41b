import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { signToken } from '@magictask/api'
import { TenantId } from '@magictask/domain'
import { type Database, openDatabase } from '@magictask/store'
import { type AppProcess, createDatabase, startApp } from '@magictask/testkit'
import { z } from 'zod'
import type { Model } from './model.ts'
import type { Servers } from './servers.ts'
import { SLOTS } from './sizes.ts'

const SECRET = 'the bench has a secret of at least 32 bytes'

/** An api and a worker as processes, with a database and topics of their own. */
export interface System extends AsyncDisposable {
  readonly api: AppProcess
  readonly worker: AppProcess
  /** One more, with the settings of the first. */
  startWorker(): Promise<AppProcess>
  readonly db: Database
  /** Posts one request of so many tasks; throws when it is not taken. With `waitSeconds` the answer is held back until they have ended. */
  submit(tasks: number, more?: SubmitWishes): Promise<Submitted>
  /** Resolves when every task that was submitted has its end stored. */
  allEnded(): Promise<void>
}

interface SubmitWishes {
  readonly suggestions?: number
  readonly waitSeconds?: number
  /** Left out, one that all share. */
  readonly tenant?: string
}

const Submitted = z.object({ status: z.string(), tasks: z.array(z.object({ task_id: z.string() })) })
/** What a submission was answered with. */
export type Submitted = z.infer<typeof Submitted>

export interface SystemDeps {
  readonly servers: Servers
  readonly model: Model
}

/** Starts both with the settings that they have by default, but for the slots; `workerEnv` adds to the worker's environment. */
export async function startSystem(
  { servers, model }: SystemDeps,
  workerEnv: Readonly<Record<string, string>> = {},
): Promise<System> {
  await using starting = new AsyncDisposableStack()
  const database = starting.use(await createDatabase(servers.postgres.url))
  const env = {
    POSTGRES_URL: database.url,
    KAFKA_BOOTSTRAP_SERVERS: servers.kafka.brokers.join(),
    KAFKA_TOPIC: `bench-${randomUUID()}`,
    JWT_SECRET: SECRET,
    OPENAI_API_KEY: 'sk-bench',
    OPENAI_BASE_URL: model.baseUrl,
    LLM_MAX_WORKERS: String(SLOTS),
  }
  const processes = starting.use(new AsyncDisposableStack())
  const start = async (app: 'api' | 'worker', more: Readonly<Record<string, string>> = {}) =>
    processes.use(await startApp(app, { env: { ...env, ...more }, portVariable: 'LLM_PORT' }))
  const api = await start('api')
  const worker = await start('worker', workerEnv)
  const db = starting.use(
    openDatabase({ url: database.url, name: 'bench', maxConnections: 1, ...PATIENCE, onIdleError: () => undefined }),
  )
  const post = poster(api.url)
  const open = starting.move()
  return {
    api,
    worker,
    startWorker: () => start('worker', workerEnv),
    db,
    submit: (tasks, more = {}) => post(tasks, more),
    allEnded: () => allEnded(db),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

const tokens = new Map<string, string>()

function tokenOf(tenant: string): string {
  const token =
    tokens.get(tenant) ??
    signToken({ secret: SECRET, tenant: TenantId.parse(tenant), tier: 'paid', expiresInSeconds: HOUR_S })
  tokens.set(tenant, token)
  return token
}

const PATIENCE = { statementTimeoutMs: 60_000 }
const HOUR_S = 3_600

function poster(apiUrl: string): System['submit'] {
  let made = 0
  return async (tasks, { suggestions = 1, waitSeconds, tenant = 'bench' } = {}) => {
    const token = tokenOf(tenant)
    const items = Array.from({ length: tasks }, () => ({
      campaignSn: 'bench',
      magicType: 'title_optimize',
      content: `Offer ${made++}: buy one, get one free, this week only. Bring a friend!`,
      num_suggestions: suggestions,
    }))
    const response = await fetch(`${apiUrl}/api/public/v1/generate`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
      },
      body: JSON.stringify(items),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`a submission was answered with ${response.status}: ${text}`)
    return Submitted.parse(JSON.parse(text))
  }
}

const [OFTEN_MS, SELDOM_MS] = [5, 200]

/** Looks the more often, the less is left: our own statements are in the servers' CPU too. */
async function allEnded(db: Database): Promise<void> {
  for (;;) {
    const [row] = await db.query<{ open: number }>('select coalesce(sum(open), 0)::int as open from batches')
    if (row?.open === 0) return
    await sleep(Math.min(Math.max(row?.open ?? 0, OFTEN_MS), SELDOM_MS))
  }
}
