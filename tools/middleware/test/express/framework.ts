import { tracing } from '@spanwright/express'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import type express from 'express'

import { load } from '../load.ts'
import type { Case, Framework } from '../suite.ts'

/** A case of Express. */
export type ExpressCase = Case<Express>

/** What a package of middleware exports: a function that makes it. */
export type Make = (...args: unknown[]) => RequestHandler

/** The newest release of each major version. */
export const EXPRESS: readonly Framework<Express>[] = [
  { name: 'Express 4', major: 4, module: 'express' },
  { name: 'Express 5', major: 5, module: 'express5' },
].map(({ name, major, module }) => ({
  name,
  major,
  create: () => createApp(load<typeof express>(module)),
  trace: app => void app.use(tracing()),
  routes: addRoutes,
  listen: app => app.listen(0, '127.0.0.1'),
}))

/** An app whose error page has no stack. */
export function createApp(framework: typeof express): Express {
  return framework().set('env', 'production')
}

/** What every app of the suite has behind its middleware. */
function addRoutes(app: Express, log: string[]): void {
  app.get('/users/:id', (req, res) => void res.json({ id: req.params.id }))
  app.get('/big/:id', (_req, res) => void res.type('text').send('many words '.repeat(2000)))
  app.post('/echo/:id', (req, res) => void res.json(req.body ?? null))
  app.get('/fails/:id', (_req, _res, next) => next(new TypeError('does not work')))
  const failed: ErrorRequestHandler = (error: Error & { status?: number }, _req, _res, next) => {
    log.push(`error handler: ${error.message}`)
    next(error)
  }
  app.use(failed)
}
