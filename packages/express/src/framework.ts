import type { HttpFramework, Origin, RequestHead, StreamPrototypes } from '@spanwright/core/plugin'
import type { Request } from 'express'

import { join } from './pattern.ts'
import type { RouteMap } from './route-map.ts'
import type { App, Route } from './router.ts'

/** What Express knows of a request: its own trust in proxies, its own routes. */
export const EXPRESS: HttpFramework<Request> = {
  url: req => req.originalUrl ?? req.url,
  origin: originOf,
  route: routeOf,
  // Requests of mounted apps inherit from these too.
  prototypes: req => req.app as unknown as StreamPrototypes | undefined,
}

function originOf(req: Request, { headers, socket }: RequestHead): Origin {
  if (!trustsPeer(req, socket)) {
    const scheme = (socket as { encrypted?: boolean }).encrypted === true ? 'https' : 'http'
    return { scheme, host: headers.host, clientAddress: socket.remoteAddress }
  }
  const host = firstOf(headers['x-forwarded-host']) || headers.host
  return { scheme: req.protocol, host, clientAddress: req.ip }
}

/** The pattern of the route that matched last, with those of all mounts before it. */
function routeOf(req: Request, known: unknown): string | undefined {
  const route = req.route as Route | undefined
  if (route?.path === undefined) return undefined
  const { baseUrl = '', url } = req
  const routes = known as RouteMap | undefined
  const question = url.indexOf('?')
  const path = baseUrl + (question < 0 ? url : url.slice(0, question))
  return routes?.patternOf(route, path) ?? patternBehind(routes, baseUrl, route)
}

/** The pattern of a route that is not in any router that can be seen. */
function patternBehind(routes: RouteMap | undefined, baseUrl: string, route: Route): string | undefined {
  const mount = baseUrl === '' ? '' : routes?.mountOf(baseUrl)
  if (mount === undefined || Array.isArray(route.path)) return undefined
  return join(mount, String(route.path)) || '/'
}

type Trust = (address: string | undefined, hop: number) => boolean

/** True when the setting `trust proxy` covers whoever is at the other end of the socket. */
function trustsPeer(req: Request, { remoteAddress }: RequestHead['socket']): boolean {
  const trust = (req.app as unknown as App | undefined)?.get('trust proxy fn')
  return typeof trust === 'function' && (trust as Trust)(remoteAddress, 0)
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const value = typeof header === 'string' ? header : header?.[0]
  return value?.split(',', 1)[0]?.trim()
}
