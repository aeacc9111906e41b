import { Fault, TaskId } from '@magictask/domain'

/** What every cursor looks like: a UUIDv7 of 16 bytes as base64url. Callers need not know it; who makes up requests does. */
export const CURSOR_PATTERN = '^[\\w-]{8}[c-f][\\w-][CGKOSWaeimquy26-][\\w-]{10}[AQgw]$'

/** Where a list goes on: after this task. Opaque to callers, who hand it back as it came. */
export function writeCursor(after: TaskId): string {
  return Buffer.from(after.replaceAll('-', ''), 'hex').toString('base64url')
}

/** Throws `request.invalid` for what no list has given. */
export function readCursor(cursor: string): TaskId {
  const hex = Buffer.from(cursor, 'base64url').toString('hex')
  const id = TaskId.safeParse(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
  if (id.success && writeCursor(id.data) === cursor) return id.data
  throw new Fault('request.invalid', { detail: '?cursor: has to be a next_cursor, as it came.' })
}
