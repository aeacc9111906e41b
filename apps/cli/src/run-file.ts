import { createHash } from 'node:crypto'
import type { BatchId } from '@magictask/domain'
import type { ApiClient } from './api-client.ts'
import type { CheckedFile } from './check-file.ts'
import { batchesOf, type FileBatch } from './file-batches.ts'
import type { FileJournal } from './file-journal.ts'
import type { LineOutput } from './line-output.ts'
import { resultLine } from './result-line.ts'
import { readItems, UnusableFile } from './task-file.ts'
import { type Batch, endedOf, untilEnded } from './until-ended.ts'

interface RunFileDeps {
  readonly client: ApiClient
  readonly journal: FileJournal
  readonly output: LineOutput
  /** Fewer than the caps on waiting tasks, or a batch would never be accepted. */
  readonly tasksPerBatch: number
  readonly onProgress: (progress: FileProgress) => void
}

/** How far a file is. */
export interface FileProgress {
  readonly tasks: number
  readonly ended: number
  readonly succeeded: number
  /** Made since this run began. */
  readonly modelCalls: number
  /** Made for the file before: their answers are not paid again. */
  readonly earlierCalls: number
}

/** Enough to keep every worker slot busy while the oldest batch ends; few enough that memory stays flat. */
const MOST_IN_FLIGHT = 8

/** Runs every task of the file and writes a line for each, in the order of the file, as soon as all before it are out. */
export async function runFile(deps: RunFileDeps, file: CheckedFile): Promise<FileProgress> {
  const tally = createTally(file.tasks, deps.onProgress)
  const hash = createHash('sha256')
  const inFlight: { readonly batch: FileBatch; readonly ended: Promise<BatchId> }[] = []
  const writeOldest = async () => {
    const oldest = inFlight.shift()
    if (oldest !== undefined) tally.succeeded += await writeResults(deps, oldest.batch, await oldest.ended)
  }
  for await (const batch of batchesOf(readItems(file.path, hash), deps.tasksPerBatch)) {
    const ended = runBatch(deps, batch, tally)
    ended.catch(() => undefined) // it is looked at in its turn
    inFlight.push({ batch: { ...batch, body: '' }, ended })
    if (inFlight.length === MOST_IN_FLIGHT) await writeOldest()
  }
  if (hash.digest('hex') !== file.sha256) throw new UnusableFile(`${file.path}: changed while it was read`)
  while (inFlight.length > 0) await writeOldest()
  return tally.progress()
}

/** Gives a batch's id once all of it has ended. */
async function runBatch(
  { client, journal }: RunFileDeps,
  batch: FileBatch,
  { look, lookFirst }: Tally,
): Promise<BatchId> {
  const known = journal.acceptedAs(batch)
  const before = known === undefined ? undefined : await client.batch(known, 0)
  if (known !== undefined && before !== undefined) {
    lookFirst(before)
    if ((await untilEnded(client, known, look)) !== undefined) return known
  }
  const id = await client.submit(batch.body, journal.keyOf(batch))
  journal.accepted(batch, id)
  if ((await untilEnded(client, id, look)) === undefined) throw new Error(`The batch ${id} is gone`)
  return id
}

async function writeResults({ client, output }: RunFileDeps, batch: FileBatch, id: BatchId): Promise<number> {
  let written = 0
  let succeeded = 0
  for await (const taskLine of client.results(id)) {
    const line = resultLine(batch.first + written, taskLine)
    await output.write(line.text)
    written += 1
    if (line.succeeded) succeeded += 1
  }
  if (written !== batch.tasks) throw new Error(`The batch ${id} has ${written} results for ${batch.tasks} tasks`)
  return succeeded
}

interface Tally {
  succeeded: number
  /** At a batch that an earlier run submitted. */
  readonly lookFirst: (batch: Batch) => void
  readonly look: (batch: Batch) => void
  readonly progress: () => FileProgress
}

/** Adds up what is known of the batches; one that has ended is forgotten. */
function createTally(tasks: number, onProgress: (progress: FileProgress) => void): Tally {
  const open = new Map<string, Batch>()
  let ended = 0
  let allCalls = 0
  let earlierCalls = 0
  const tally: Tally = {
    succeeded: 0,
    progress: () => {
      const endedNow = [...open.values()].reduce((sum, batch) => sum + endedOf(batch), ended)
      const modelCalls = Math.max(0, allCalls - earlierCalls)
      return { tasks, ended: endedNow, succeeded: tally.succeeded, modelCalls, earlierCalls }
    },
    lookFirst: (batch) => {
      earlierCalls += batch.usage.model_calls
    },
    look: (batch) => {
      open.set(batch.batch_id, batch)
      if (batch.finished_at !== undefined) {
        open.delete(batch.batch_id)
        ended += batch.counts.submitted
        allCalls += batch.usage.model_calls
      }
      onProgress(tally.progress())
    },
  }
  return tally
}
