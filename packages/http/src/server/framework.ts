import type { HttpFramework, RequestHead, ServerRequest } from '@spanwright/core/plugin'

import { firstOf, Proxies, type TrustProxy } from './proxies.ts'

/** Reads requests without a framework. Their route is the one set by `setRoute()`. */
export function plainFramework(trustProxy: TrustProxy): HttpFramework<ServerRequest> {
  const proxies = new Proxies(trustProxy)
  return {
    // Mounts of connect and of Express keep the target as sent.
    url: request => (request as { originalUrl?: string }).originalUrl ?? request.url ?? '',
    origin(_request, head) {
      const { headers, socket } = head
      const scheme = (socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http'
      const host = hostOf(head)
      if (!proxies.believes(socket)) return { scheme, host, clientAddress: socket?.remoteAddress }
      return {
        scheme: firstOf(headers['x-forwarded-proto']) || scheme,
        host: firstOf(headers['x-forwarded-host']) || host,
        clientAddress: proxies.clientOf(head),
      }
    },
    route: () => undefined,
  }
}

/** Over HTTP/2, a client may send the host in either of two fields. */
function hostOf({ headers }: RequestHead): string | undefined {
  return (headers[':authority'] as string | undefined) ?? headers.host
}
