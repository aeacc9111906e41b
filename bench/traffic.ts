import type { System } from './system.ts'

/** What went to PostgreSQL and Kafka so far. */
export interface Traffic {
  readonly ended: number
  /** Every statement is a transaction of its own, but for submissions with an Idempotency-Key, which the bench does not send. */
  readonly statements: number
  readonly produceRequests: number
}

/** Reads the counts of both processes and of the database. PostgreSQL's are up to a second late, the more so the less it has to do. */
export async function readTraffic({ api, worker, db }: System): Promise<Traffic> {
  const [row] = await db.query<{ ended: number; statements: number }>(`
    select (select coalesce(sum(submitted - open), 0)::int from batches) as ended,
      (select (xact_commit + xact_rollback)::int from pg_stat_database where datname = current_database()) as statements`)
  const [ofApi, ofWorker] = await Promise.all([api, worker].map(({ url }) => readProduceRequests(url)))
  return {
    ended: row?.ended ?? 0,
    statements: row?.statements ?? 0,
    produceRequests: (ofApi ?? 0) + (ofWorker ?? 0),
  }
}

async function readProduceRequests(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text()
  return Number(/^magictask_produce_requests_total (\d+)/m.exec(page)?.[1] ?? 0)
}
