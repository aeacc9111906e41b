import type { Caller, RouteSpec, Scope } from '@magictask/contracts'
import { Fault } from '@magictask/domain'
import type { Express, Request, RequestHandler, Response } from 'express'
import { type Authenticate, demandScope } from './authenticate.ts'

/** A request and the answer to it, with anybody. */
export interface Exchange {
  readonly request: Request
  readonly response: Response
}

/** An exchange with somebody who showed a token and may do this. */
export interface Call extends Exchange {
  readonly caller: Caller
}

/** What stands behind a route of the contract that asks for a scope. */
export interface GuardedRoute {
  readonly spec: RouteSpec & { readonly scope: Scope }
  readonly handle: (call: Call) => Promise<void>
}

/** What stands behind a route that is for everybody. */
export interface OpenRoute {
  readonly spec: RouteSpec & { readonly scope?: never }
  readonly handle: (exchange: Exchange) => Promise<void>
}

/** One address and method of the API, with what answers there. */
export type Route = GuardedRoute | OpenRoute

/** Mounts the routes where their contracts say; a method that an address does not take is 405, with those that it does. */
export function mountRoutes(app: Express, routes: readonly Route[], authenticate: Authenticate): void {
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.spec.path)) {
    const place = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'))
    for (const route of ofPath) place[route.spec.method](handlerOf(route, authenticate))
    place.all(methodNotAllowed(ofPath.map((route) => route.spec.method)))
  }
}

function handlerOf(route: Route, authenticate: Authenticate): RequestHandler {
  if (!isGuarded(route)) return (request, response) => route.handle({ request, response })
  return async (request, response) => {
    const caller = await authenticate(request)
    response.locals.tenant = caller.tenant
    demandScope(caller, route.spec.scope)
    await route.handle({ request, response, caller })
  }
}

function isGuarded(route: Route): route is GuardedRoute {
  return route.spec.scope !== undefined
}

function methodNotAllowed(methods: readonly RouteSpec['method'][]): RequestHandler {
  const allowed = [...methods, ...(methods.includes('get') ? ['head'] : []), 'options']
  const header = allowed.map((method) => method.toUpperCase()).join(', ')
  return (request, response) => {
    response.setHeader('Allow', header)
    if (request.method !== 'OPTIONS') throw new Fault('request.method_not_allowed')
    response.status(204).end()
  }
}
