import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiUnderTest, startApiUnderTest } from './api-under-test.ts'

let sut: ApiUnderTest
beforeAll(async () => {
  sut = await startApiUnderTest()
})
afterAll(() => sut[Symbol.asyncDispose]())

const get = (path: string) => fetch(`${sut.address}${path}`)

test('the page and all that it names come from here, under a policy that lets nothing else in', async () => {
  const page = await sut.http('/docs')
  expect(page.headers.get('content-security-policy')).toBe(
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  )
  expect(page.text).not.toMatch(/<script>|<style|\son\w+=|https?:/)
  const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
  expect(named).toContain('/docs/swagger-ui-bundle.js')
  for (const path of named) expect([path, (await get(path)).status]).toEqual([path, 200])
})

test.each([
  ['/docs/start.js', /javascript/],
  ['/docs/swagger-ui-bundle.js', /javascript/],
  ['/docs/swagger-ui.css', /css/],
  ['/docs/favicon-32x32.png', /png/],
])('%s has its type, and is never taken for another', async (path, type) => {
  const answer = await get(path)
  expect(answer.headers.get('content-type')).toMatch(type)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect((await answer.bytes()).length).toBeGreaterThan(100)
})

test('the script shows our document and asks nobody else', async () => {
  const script = await (await get('/docs/start.js')).text()
  expect(script).toContain("url: '/openapi.json'")
  expect(script).toContain('validatorUrl: null')
  expect(script).not.toMatch(/https?:/)
})

test.each([
  '/docs/package.json',
  '/docs/index.html',
  '/docs/swagger-initializer.js',
  '/docs/swagger-ui-bundle.js.map',
  '/docs/../package.json',
  '/docs/..%2fpackage.json',
  '/docs/%2e%2e/%2e%2e/express/package.json',
  '/docs/swagger-ui.css%00',
  '/docs/....//package.json',
])('nothing else of the folder is at %s', async (path) => {
  expect((await sut.http(path)).json).toMatchObject({ status: 404, code: 'route.not_found' })
})

test('a part of the page is read, and nothing more', async () => {
  const answer = await fetch(`${sut.address}/docs/start.js`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
})
