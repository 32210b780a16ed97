import type { TracedFramework } from '@spanwright/http-servers'

import { tracing } from '@spanwright/express'

import { VERSIONS } from './versions.ts'

/** The versions of Express, for the suites that all frameworks have in common. */
export const FRAMEWORKS: readonly TracedFramework[] = VERSIONS.map(({ name, load }) => {
  const express = load()
  return {
    name,
    serving(handler, options, { trustProxy = false } = {}) {
      const app = express().set('env', 'test').set('trust proxy', trustProxy)
      // Once a header is set, Node accepts no array of pairs, and keeps each name once.
      app.disable('x-powered-by').use(tracing(options))
      return app.all('/items/:id', (req, res) => void handler(req, res))
    },
    servingFile(path, options) {
      const app = express().set('env', 'test').use(tracing(options))
      return app.get('/items/:id', (_req, res) => res.sendFile(path))
    },
  }
})
