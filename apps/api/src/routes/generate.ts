import { createHash } from 'node:crypto'
import {
  API_BASE,
  endedFrame,
  generateItem,
  generateSpec,
  readGenerate,
  readIdempotencyKey,
  readWaitSeconds,
  taskText,
} from '@magictask/contracts'
import { type BatchId, Fault, type TaskId, type TenantId } from '@magictask/domain'
import { newBatchId } from '@magictask/runtime'
import { type BatchView, type Created, createBatch, type Database, findAnswer, type Submission } from '@magictask/store'
import type { ApiDeps } from '../api-deps.ts'
import { mustFindBatch } from '../find-batch.ts'
import { preferWait } from '../prefer-wait.ts'
import { readJson } from '../read-json.ts'
import { releaseBeside } from '../release.ts'
import type { Call, GuardedRoute } from '../route.ts'
import { submissionOf } from '../submission.ts'
import { eachTask, sendStream } from '../task-pages.ts'

/** POST /generate: one transaction, then the answer; the way to Kafka is nobody's wait. */
export function generateRoute(deps: ApiDeps): GuardedRoute {
  const spec = generateSpec(deps.magicTypes)
  const item = generateItem(deps.magicTypes)
  return {
    spec,
    handle: async (call) => {
      const key = readIdempotencyKey(call.request.get('idempotency-key'))
      const { bytes, value } = await readJson(call.request)
      const items = readGenerate(value, item)
      const submission = submissionOf(items, {
        caller: call.caller,
        batchId: newBatchId(),
        submittedAt: deps.clock.now(),
      })
      const idempotency =
        key === undefined ? {} : { idempotency: { route: spec.operationId, key, bodyHash: sha256(bytes) } }
      const stored = await store(deps, { ...submission, ...idempotency })
      if (stored.kind === 'created') settleCreated(deps, submission, stored.released)
      else call.response.set('Idempotency-Replayed', 'true')
      await answer(deps, call, stored.kind === 'created' ? submission : stored)
    },
  }
}

/** A repeated request gets its first answer even when there is no room for a new one. */
async function store({ db, room }: ApiDeps, submission: Submission): Promise<Created> {
  const { tenant, idempotency } = submission
  try {
    using _seats = await room.admit(tenant, submission.tasks.length)
    return await createBatch(db, submission)
  } catch (error) {
    const full = error instanceof Fault && (error.code === 'quota.exceeded' || error.code === 'overloaded')
    const first = full && idempotency !== undefined ? await findAnswer(db, tenant, idempotency) : undefined
    if (first === undefined) throw error
    return first
  }
}

function settleCreated(deps: ApiDeps, { tasks }: Submission, released: ReadonlySet<TaskId>): void {
  releaseBeside(deps, tasks, released)
  for (const { magicType, lane } of tasks) {
    deps.telemetry.record('magictask_tasks_submitted_total', 1, { magic_type: magicType, lane })
  }
}

/** 200 with the results if the caller waits and all ends in time, else the 202 that is kept. */
async function answer(deps: ApiDeps, call: Call, stored: Pick<Submission, 'batchId' | 'answer'>): Promise<void> {
  const { response, caller } = call
  response.set('Location', `${API_BASE}/batches/${stored.batchId}`)
  const batch = await endedInTime(deps, call, stored.batchId)
  if (batch === undefined) response.status(202).type('json').send(stored.answer)
  else await sendStream(response, 'json', endedTexts(deps.db, caller.tenant, batch))
}

async function endedInTime(deps: ApiDeps, call: Call, batchId: BatchId): Promise<BatchView | undefined> {
  if (readWaitSeconds(call.request.get('prefer')) === undefined) return undefined
  const find = () => mustFindBatch(deps.db, call.caller.tenant, batchId)
  await preferWait(call, deps.waiters, { batch: await find() })
  const batch = await find()
  return batch.finishedAt === undefined ? undefined : batch
}

async function* endedTexts(db: Database, tenant: TenantId, batch: BatchView): AsyncGenerator<string> {
  const { before, after } = endedFrame(batch)
  let separator = before
  for await (const task of eachTask(db, { tenant, batch, withResults: true })) {
    yield separator + taskText(task, { results: true })
    separator = ','
  }
  yield after
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
