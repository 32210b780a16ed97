import { type HttpFramework, type RequestHead, splitTarget } from '@spanwright/core/plugin'
import type { Request } from 'express'

import type { App, Route } from './internals.ts'
import { type Routes, visibleRoute } from './routes.ts'

/** Reads requests of Express, with its own proxy trust and its own routes. */
export const EXPRESS: HttpFramework<Request, Routes> = {
  url: req => req.originalUrl ?? req.url,
  origin: originOf,
  route: routeOf,
  // Requests of mounted apps inherit from these too. Own methods of each request take 13 to 19 µs more before Node 24.
  prototypes: req => req.app as unknown as { request: object; response: object } | undefined,
}

function originOf(req: Request, { headers, socket }: RequestHead) {
  if (!trustsPeer(req, socket)) {
    const scheme = (socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http'
    return { scheme, host: headers.host, clientAddress: socket?.remoteAddress }
  }
  const host = firstOf(headers['x-forwarded-host']) || headers.host
  return { scheme: req.protocol, host, clientAddress: req.ip }
}

/** The pattern of the route that matched last, including all mounts before it. */
function routeOf(req: Request, routes: Routes | undefined): string | undefined {
  const { baseUrl = '', url, originalUrl = url } = req
  const matched = req.route as Route | undefined
  const route = matched?.path === undefined ? undefined : matched
  if (!route && baseUrl === '') return undefined
  if (req.res?.statusCode === NOT_FOUND && matchesEverything(route)) return undefined
  const path = baseUrl + pathOf(url)
  const whole = pathOf(originalUrl)
  // A middleware within the mounts has restored the full URL, and the handlers after it matched that.
  const [matchedPath, base] = isPrefixed(path, whole) ? [whole, ''] : [path, baseUrl]
  return routes ? routes.patternOf(route, matchedPath, base) : visibleRoute(route, matchedPath)
}

/** True for a path in front of which Express has put the mounts that it begins with, as it does when a router is left. */
function isPrefixed(path: string, whole: string): boolean {
  const length = path.length - whole.length
  return length > 0 && path.endsWith(whole) && whole.startsWith(path.slice(0, length))
}

const NOT_FOUND = 404

/** A pattern that is nothing but a wildcard, as text of any version of Express or as an expression. */
const WILDCARD = /^\/?(?:\*\w*|\{\/?\*\w*\}|\(\.\*\)|\.\*\/)$/

/** True for what answers every path below its mount, so that its 404 says that there is no such route. */
function matchesEverything(route: Route | undefined): boolean {
  return route === undefined || WILDCARD.test(String(route.path))
}

function pathOf(url: string): string {
  if (!url.startsWith('/')) return splitTarget(url).path
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

type Trust = (address: string | undefined, hop: number) => boolean

/** True when the setting `trust proxy` covers the peer of the socket. */
function trustsPeer(req: Request, socket: RequestHead['socket']): boolean {
  const trust = (req.app as unknown as App | undefined)?.get('trust proxy fn')
  return typeof trust === 'function' && (trust as Trust)(socket?.remoteAddress, 0)
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const value = typeof header === 'string' ? header : header?.[0]
  return value?.split(',', 1)[0]?.trim()
}
