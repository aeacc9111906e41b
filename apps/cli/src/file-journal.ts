import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BatchId } from '@magictask/domain'
import type { CheckedFile } from './check-file.ts'
import type { FileBatch } from './file-batches.ts'
import type { Home } from './home.ts'

/**
 * What became of a file's batches, so that the same file goes on where it stopped. The keys alone do that for a day,
 * which is how long an api keeps them; the journal does it for ever.
 */
export interface FileJournal {
  /** Under which a batch is submitted: the same in every run of this generation of the file. */
  keyOf(batch: FileBatch): string
  /** As which it was accepted in an earlier run, if that lived to note it. */
  acceptedAs(batch: FileBatch): BatchId | undefined
  accepted(batch: FileBatch, batchId: BatchId): void
}

/** Opens the latest generation of the file's journal; `again` begins a new one, which knows of nothing. */
export function openFileJournal({ filesDir }: Home, file: CheckedFile, again: boolean): FileJournal {
  const folder = join(filesDir, file.sha256)
  mkdirSync(folder, { recursive: true })
  const latest = Math.max(1, ...readdirSync(folder).map(Number).filter(Number.isSafeInteger))
  const generation = again ? latest + 1 : latest
  const journal = join(folder, String(generation))
  appendFileSync(journal, '')
  const known = new Map(readFileSync(journal, 'utf8').split('\n').flatMap(readLine))
  const keyOf = ({ first, tasks }: FileBatch) => `file-${file.sha256}-${generation}-${first}-${tasks}`
  return {
    keyOf,
    acceptedAs: (batch) => known.get(keyOf(batch)),
    accepted: (batch, batchId) => {
      known.set(keyOf(batch), batchId)
      appendFileSync(journal, `${keyOf(batch)} ${batchId}\n`)
    },
  }
}

/** A line that a kill cut off is none: its batch is found again by its key. */
function readLine(line: string): [string, BatchId][] {
  const [key = '', id] = line.split(' ')
  const batchId = BatchId.safeParse(id)
  return batchId.success ? [[key, batchId.data]] : []
}
