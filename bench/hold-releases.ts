import type { System } from './system.ts'

/** Keeps everything that is submitted from now on waiting, until it is told to let go: as if somebody else released, and the window were full. */
export async function holdReleases({ db }: System): Promise<() => Promise<void>> {
  await db.query(`
    insert into leases (name, holder, until) values ('release', gen_random_uuid(), now() + interval '1 h')
    on conflict (name) do update set holder = excluded.holder, until = excluded.until`)
  await db.query(`
    insert into release_room (queue, tasks) values ('text.paid', 0) on conflict (queue) do update set tasks = 0`)
  return async () => {
    await db.query(`delete from leases where name = 'release'`)
  }
}
