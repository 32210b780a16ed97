import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Why a request is refused, if it is: it was sent to another name than that of this machine (DNS rebinding), or by the
 * page of another site.
 * @param allowedHosts further names, without port
 */
export function refusalOf(
  headers: IncomingHttpHeaders,
  allowedHosts: ReadonlySet<string>,
  isNavigation: boolean,
): string | undefined {
  const { host = '', origin } = headers
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (!LOOPBACK_NAMES.has(name) && !allowedHosts.has(name)) {
    return `the host ${JSON.stringify(host)} is not this machine; --allow-host allows another name`
  }
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return 'pages of other origins may not read or write here'
  }
  // Any site may link to the viewer. The page with the link cannot read what the link shows.
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation) {
    return 'pages of other sites may not read or write here'
  }
  return undefined
}
