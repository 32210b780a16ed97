import type { ConnectionTarget } from './endpoint.ts'

/** Parts of a connection string; undefined when it cannot be parsed: node-postgres will refuse it too. */
export function parseConnectionString(text: string): ConnectionTarget | undefined {
  if (text.startsWith('/')) {
    const [host, database] = text.split(' ')
    return { host, database }
  }
  try {
    const { url, hostname } = urlOf(text)
    const parameters = Object.fromEntries(url.searchParams)
    const user = parameters['user'] || decodeURIComponent(url.username)
    if (url.protocol === 'socket:') {
      return { ...parameters, host: decodeURI(url.pathname), database: parameters['db'], user }
    }
    return {
      ...parameters,
      host: parameters['host'] || decodeURIComponent(hostname.replace(/^\[(.+)\]$/, '$1')),
      port: parameters['port'] || url.port,
      database: decodeURI(url.pathname.slice(1)),
      user,
    }
  } catch {
    return undefined
  }
}

const BASE = 'postgres://base'
const ANY_HOST = 'any-host'
/** A space, or a percent sign that encodes nothing. */
const UNENCODED = / |%(?![a-f0-9]{2})/i

/** The string as a URL; node-postgres also accepts a user without a host, and spaces. */
function urlOf(text: string): { readonly url: URL; readonly hostname: string } {
  const encoded = UNENCODED.test(text) ? encodeURI(text).replace(/%25(\d\d)/g, '%$1') : text
  const withoutHost = encoded.replace('@/', `@${ANY_HOST}/`)
  if (withoutHost !== encoded && !URL.canParse(encoded, BASE)) {
    return { url: new URL(withoutHost, BASE), hostname: '' }
  }
  const url = new URL(encoded, BASE)
  return { url, hostname: url.hostname }
}
