import { afterAll, expect, vi } from 'vitest'

/** What a test file must not leave behind, as others would meet it. Idle sockets and timers end by themselves. */
const LASTING = new Set(['ProcessWrap', 'TCPServerWrap'])

const GRACE_MS = 3_000

afterAll(async () => {
  const open = () => process.getActiveResourcesInfo().filter((resource) => LASTING.has(resource))
  const message = 'this file leaves servers or child processes open; end what it starts with `await using`'
  await vi.waitFor(() => expect(open(), message).toEqual([]), { timeout: GRACE_MS })
})
