import { SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { VERSIONS } from './versions.ts'

const recorder = recordTests()

type Mount = string | RegExp | (string | RegExp | (string | RegExp)[])[]

const FOUR: readonly (readonly [Mount, string, string])[] = [
  ['/plain', '/plain', '/plain'],
  ['/plain/', '/plain', '/plain'],
  ['/dotted.name', '/dotted.name', '/dotted.name'],
  ['/:id', '/7', '/:id'],
  ['/a/:b/c/:d', '/a/1/c/2', '/a/:b/c/:d'],
  [String.raw`/:id(\d+)`, '/7', String.raw`/:id(\d+)`],
  ['/:from-:to', '/a-b', '/:from-:to'],
  ['/:name.:ext', '/a.b', '/:name.:ext'],
  ['/:opt?', '/x', '/:opt?'],
  ['/x/:rest*', '/x/1/2', '/x/:rest*'],
  ['/v:version', '/v2', '/v:version'],
  ['/ab?cd', '/acd', '/ab?cd'],
  ['/ab+cd', '/abbcd', '/ab+cd'],
  ['/a(bc)?d', '/abcd', '/a(bc)?d'],
  ['/files/*', '/files/a', '/files/*'],
  [/^\/re\d/, '/re5', String.raw`/^\/re\d/`],
  [['/one', '/two/:id'], '/two/2', '/two/:id'],
  [[/^\/re(\d)/, '/one', ['/two/:id', /^\/x|y/]], '/one', '/one'],
  [['/one', /^\/re(\d)/, ['/two/:id', /^\/x|y/]], '/re5', String.raw`/^\/re(\d)/`],
  [['/one', /^\/re(\d)/, ['/two/:id', /^\/x|y/]], '/two/2', '/two/:id'],
  [/^\/a|^\/b/, '/b', String.raw`/^\/a|^\/b/`],
]

/** Express 4.17 itself fails there. */
const ONLY_WHERE_GROUPS_HAVE_NAMES: typeof FOUR = [[[/^\/(?<version>v\d)/, '/two/:id'], '/two/2', '/two/:id']]

const FIVE: readonly (readonly [Mount, string, string])[] = [
  ['/plain', '/plain', '/plain'],
  ['/plain/', '/plain', '/plain'],
  ['/dotted.name', '/dotted.name', '/dotted.name'],
  ['/:id', '/7', '/:id'],
  ['/a/:b/c/:d', '/a/a/c/a', '/a/:b/c/:d'],
  ['/:from-:to', '/a-b', '/:from-:to'],
  ['/v:version', '/v2', '/v:version'],
  ['/files/*path', '/files/a/b', '/files/*path'],
  [['/one', '/two/:id'], '/two/2', '/two/:id'],
]

const ONLY_WHERE_THE_PATH_IS_KEPT: typeof FIVE = [
  ['/a{/:b}', '/a/1', '/a{/:b}'],
  [/^\/re\d/, '/re5', String.raw`/^\/re\d/`],
  [['/one', /^\/re(\d)/, ['/two/:id', /^\/x/]], '/re5', String.raw`/^\/re(\d)/`],
  [['/one', /^\/re(\d)/, ['/two/:id', /^\/x/]], '/two/2', '/two/:id'],
]

describe.each(VERSIONS)('a mount in $name', ({ name, load, major }) => {
  const express = load()
  const mounts =
    major === 4
      ? [...FOUR, ...(name === 'Express 4.17' ? [] : ONLY_WHERE_GROUPS_HAVE_NAMES)]
      : [...FIVE, ...(name === 'Express 5.3' ? ONLY_WHERE_THE_PATH_IS_KEPT : [])]

  it.each(mounts)('at %s is reported as written', async (mount, path, text) => {
    const app = express().use(tracing())
    app.use(
      mount as string,
      express.Router().get('/', (_req, res) => void res.send('ok')),
    )
    await request(app).get(path).expect(200)

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(span.attributes['http.route']).toBe(text)
  })
})

describe.each(VERSIONS.filter(({ name }) => /router 2\.[02]/.test(name)))(
  'a mount whose pattern cannot be seen, in $name',
  ({ load }) => {
    const express = load()

    it('never makes more names than a few, however many paths it matches', async () => {
      const app = express().use(tracing())
      const leaf = express.Router().get('/leaf', (_req, res) => void res.send('ok'))
      app.use(/^\/x\w+/, leaf)
      app.use(/^\/(\d+)/, leaf)
      for (let i = 0; i < 40; i++) {
        await request(app).get(`/x${i}/leaf`).expect(200)
        await request(app).get(`/${i}/leaf`).expect(200)
      }
      await recorder.waitFor(() => recorder.spans().length === 80)

      const routes = new Set(recorder.spans().map(span => span.attributes['http.route']))
      expect(routes.size).toBeLessThanOrEqual(17)
      expect(routes).toContain('/*/leaf')
    })
  },
)
