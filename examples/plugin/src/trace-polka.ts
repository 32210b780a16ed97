import {
  anObjectWith,
  attempt,
  exchangeOf,
  type HttpFramework,
  HttpServer,
  type HttpServerOptions,
  isWrapped,
  show,
  wrapMethod,
} from '@spanwright/core/plugin'
import type { Polka, Request } from 'polka'

/** Options of {@link tracePolka}. */
export interface PolkaTracingOptions extends HttpServerOptions<Request> {}

/** What is remembered of a request to find its route. */
interface Routes {
  /** The app that the server called, and not one mounted on it. */
  readonly app: Polka
  pattern: string | undefined
}

const POLKA: HttpFramework<Request, Routes> = {
  // Polka sets originalUrl in its handler, which runs after the span has started.
  url: req => req.originalUrl ?? req.url ?? '',
  origin: (_req, { headers, socket }) => ({
    scheme: socket && 'encrypted' in socket ? 'https' : 'http',
    host: headers.host,
    clientAddress: socket?.remoteAddress,
  }),
  route: (_req, routes) => routes?.pattern,
}

/** Notes the pattern of a route when the route is about to run. */
function noteRoute(app: Polka, pattern: string, req: Request): void {
  const routes = exchangeOf(req)?.routes as Routes | undefined
  // The pattern of a mounted app lacks the mount, so it would name another path.
  if (routes?.app === app) routes.pattern = pattern.startsWith('/') ? pattern : `/${pattern}`
}

const A_POLKA_APP = anObjectWith('an app of Polka', 'handler', 'onError', 'get')

const ROUTE_METHODS = ['all', 'delete', 'get', 'head', 'options', 'patch', 'post', 'put'] as const

/**
 * Traces every request of an app of Polka 0.5: one server span each. Call it before adding routes.
 * @returns the app it was given
 * @throws TypeError when it is not given an app, or an option is unknown or of the wrong type
 */
export function tracePolka<App extends Polka>(app: App, options: PolkaTracingOptions = {}): App {
  if (!A_POLKA_APP.accepts(app)) {
    throw new TypeError(`tracePolka(): expected ${A_POLKA_APP.expected}; got ${show(app)}`)
  }
  const server = new HttpServer({ name: 'example-polka', version: '0.1.0' }, POLKA, options)
  if (isWrapped(app, 'handler')) return app
  traceRequests(app, server)
  watchRoutes(app)
  watchErrors(app)
  return app
}

function traceRequests(app: Polka, server: HttpServer<Request, Routes>): void {
  wrapMethod(app, 'handler', original => {
    return function handler(this: unknown, ...args: Parameters<Polka['handler']>) {
      const [req, res] = args
      const exchange = server.begin(req, res, req)
      if (exchange.traced) exchange.routes = { app, pattern: undefined }
      return exchange.run(() => Reflect.apply(original, this, args))
    }
  })
}

function watchRoutes(app: Polka): void {
  for (const method of ROUTE_METHODS) {
    wrapMethod(app, method, original => {
      return function addRoute(this: unknown, pattern: string, ...handlers: readonly unknown[]) {
        const note = (req: Request, _res: unknown, next: () => void): void => {
          attempt('noting a route', noteRoute, app, pattern, req)
          next()
        }
        return Reflect.apply(original, this, [pattern, note, ...handlers])
      }
    })
  }
}

/** Polka calls this method of the app with what is given to `next`; its type does not show it. */
interface WithOnError {
  onError(error: unknown, req: Request, ...rest: readonly unknown[]): unknown
}

function watchErrors(app: Polka): void {
  wrapMethod(app as Polka & WithOnError, 'onError', original => {
    return function onError(this: unknown, ...args: Parameters<WithOnError['onError']>) {
      const [error, req] = args
      attempt('noting an error', () => exchangeOf(req)?.recordError(error))
      return Reflect.apply(original, this, args)
    }
  })
}
