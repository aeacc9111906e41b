import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { docsSpec, type RouteSpec } from '@magictask/contracts'
import type { Response } from 'express'
import helmet from 'helmet'
import type { Exchange, OpenRoute } from '../route.ts'

/** A page that shows `/openapi.json`, and the few files that it needs: from this machine, and nothing else of their folder. */
export function docsRoutes(): readonly OpenRoute[] {
  return [
    { spec: docsSpec, handle: async (exchange) => sendPart(exchange, 'html', PAGE) },
    { spec: partSpec('start.js'), handle: async (exchange) => sendPart(exchange, 'js', START) },
    ...FILES.map((name) => ({
      spec: partSpec(name),
      handle: ({ response }: Exchange) => sendFile(response, name),
    })),
  ]
}

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const

/** Each has an address of its own, so no part of a path is ever looked up in the file system. Not for callers: it is not described. */
function partSpec(name: string): OpenRoute['spec'] {
  const answers: RouteSpec['answers'] = { 200: { description: 'A part of the page.' } }
  return { method: 'get', path: `/docs/${name}`, operationId: name, summary: 'A part of /docs.', answers, faults: [] }
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Magictask: its API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript>This page needs JavaScript; <a href="/openapi.json">the description</a> does not.</noscript>
  </body>
</html>
`

/** Nobody else is asked: no validator, and no address but ours. A token that is typed in is gone with the page. */
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  validatorUrl: null,
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
})
`

/** Pictures in the style sheet are written into it. Without TLS a page that asks for it shows nothing, so it does not. */
const secure = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
})

function sendPart({ request, response }: Exchange, type: 'html' | 'js', text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    secure(request, response, (error: unknown) => {
      if (error !== undefined) return reject(error)
      response.type(type).send(text)
      resolve()
    })
  })
}

const root = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const MAX_AGE_MS = 3_600_000

/** Whoever hangs up half way has what he wanted. */
function sendFile(response: Response, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.sendFile(name, { root, maxAge: MAX_AGE_MS }, (error: unknown) => {
      if (error === undefined || error === null || response.headersSent) resolve()
      else reject(error)
    })
  })
}
