import { expect, test } from 'vitest'
import { createTelemetry, readiness, startHealthServer } from '../src/index.ts'

test('one check that throws or says no makes the whole not ready, and is named', async () => {
  const health = await readiness([
    { name: 'broker', look: () => true },
    { name: 'database', look: () => Promise.reject(new Error('away')) },
    { name: 'schema', look: async () => false },
  ])
  expect(health).toEqual({
    ok: false,
    checks: [
      { name: 'broker', ok: true },
      { name: 'database', ok: false },
      { name: 'schema', ok: false },
    ],
  })
})

test('a check that never answers counts as not there', async () => {
  const { ok } = await readiness([{ name: 'silent', look: () => new Promise<boolean>(() => undefined) }])
  expect(ok).toBe(false)
})

test('the health server answers under all its names, and in detail only when asked', async () => {
  const telemetry = createTelemetry({ processMetrics: false })
  telemetry.record('magictask_tasks_rescued_total', 7, {})
  let live = true
  await using server = await startHealthServer(0, {
    telemetry,
    live: () => ({ ok: live, checks: [{ name: 'relay', ok: live }] }),
    ready: async () => ({ ok: false, checks: [{ name: 'database', ok: false }] }),
  })
  const get = async (path: string) => {
    const response = await fetch(`http://localhost:${server.port}${path}`)
    return { status: response.status, text: await response.text() }
  }
  for (const path of ['/livez', '/healthz', '/health'])
    expect(await get(path)).toEqual({ status: 200, text: '{"ok":true}' })
  for (const path of ['/readyz', '/ready']) expect(await get(path)).toEqual({ status: 503, text: '{"ok":false}' })
  expect((await get('/readyz?verbose')).text).toContain('"database"')
  expect((await get('/metrics')).text).toContain('magictask_tasks_rescued_total 7')
  expect((await get('/')).status).toBe(404)
  live = false
  expect((await get('/livez')).status).toBe(503)
})
