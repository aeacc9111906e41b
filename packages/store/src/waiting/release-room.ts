/** How much of what waits is put on Kafka at once. Numbers of `PROTOCOL.md` 3. */
export const RELEASE = {
  /** Also with no worker at all, so that there is lag to wake one. */
  leastWindow: 64,
  /** Of what the fleet settles, this many seconds' worth. */
  secondsAhead: 0.5,
  extraPerWorker: 2,
  /** How long a mark counts a task as being on Kafka; one that runs out is released again. */
  markSeconds: 5,
} as const

/**
 * The CTE `room (lane, queue, room)`: a lane's window less what is marked as released, for each of the given lanes and
 * queues. Outstanding tasks are counted from their marks, never kept as a counter that could go wrong.
 */
export function roomOf(lanesAndQueues: string): string {
  return `
room as (
  select l.lane, l.queue, greatest(
    0,
    greatest(${RELEASE.leastWindow}, (
      select coalesce(sum(greatest(w.slots - w.running, 0)), 0)
        + ceil(coalesce(sum(w.settled_per_s), 0) * ${RELEASE.secondsAhead}) + ${RELEASE.extraPerWorker} * count(*)
      from workers w
    )) - (
      select count(*) from waiting o where o.lane = l.lane and o.queue = l.queue and o.released_until > now()
    )
  )::int as room
  from (${lanesAndQueues}) as l
)`
}
