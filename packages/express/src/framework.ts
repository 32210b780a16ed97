import type { HttpFramework } from '@spanwright/core'
import type { Request } from 'express'

/** What Express knows of a request: its own trust in proxies, its own routes. */
export const EXPRESS: HttpFramework<Request> = {
  url: req => req.originalUrl ?? req.url,
  scheme: req => (trustsPeer(req) ? req.protocol : isEncrypted(req) ? 'https' : 'http'),
  host: req => (trustsPeer(req) && firstOf(req.headers['x-forwarded-host'])) || req.headers.host,
  clientAddress: req => (trustsPeer(req) ? req.ip : req.socket.remoteAddress),
  route: req => {
    const path: unknown = (req.route as { path?: unknown } | undefined)?.path
    return path === undefined ? undefined : req.baseUrl + String(path)
  },
}

type Trust = (address: string | undefined, hop: number) => boolean

/** True when the setting `trust proxy` covers whoever is at the other end of the socket. */
function trustsPeer(req: Request): boolean {
  const trust = (req.app as { get?: (setting: string) => unknown } | undefined)?.get?.('trust proxy fn')
  return typeof trust === 'function' && (trust as Trust)(req.socket.remoteAddress, 0)
}

function isEncrypted(req: Request): boolean {
  return (req.socket as { encrypted?: boolean }).encrypted === true
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const value = typeof header === 'string' ? header : header?.[0]
  return value?.split(',', 1)[0]?.trim()
}
