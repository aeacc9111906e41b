/**
 * The CTE `lease (holder)`: a row when `$1` is who releases now, for `$2` ms from here on. A lease row and not a session's
 * lock, which a frozen holder would keep.
 */
export const TAKE_LEASE = `
lease as (
  insert into leases (name, holder, until) values ('release', $1, now() + $2 * interval '1 ms')
  on conflict (name) do update set holder = excluded.holder, until = excluded.until
  where leases.holder = excluded.holder or leases.until < now()
  returning holder
)`
