import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { testBesideInstrumentation } from '@spanwright/http-servers'
import { SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

interface Printed {
  readonly scope: string
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Readonly<Record<string, unknown>>
  readonly parent?: string
  readonly context: { readonly spanId: string }
}

/** How long the program may take on a busy machine, in milliseconds. */
const LONGEST = 60_000
const INSTRUMENTATION = '@opentelemetry/instrumentation-http'

describe('traceServer(), traceHttp(), traceAgent() and traceUndici() beside the HTTP instrumentation', () => {
  it(
    'leave one span of each request, which gets the route',
    async () => {
      const program = join(__dirname, 'instrumented-program.ts')
      const args = [...FROM_SOURCE, program]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const spans = JSON.parse(await text(child.stdout)) as Printed[]

      const sent = spans.filter(({ kind }) => kind === SpanKind.CLIENT)
      const answered = spans.filter(({ kind }) => kind === SpanKind.SERVER)
      expect(spans).toHaveLength(6)
      // Only fetch does not go through node:http.
      expect(sent.map(({ scope, name }) => [scope, name])).toEqual([
        [INSTRUMENTATION, 'GET'],
        [INSTRUMENTATION, 'GET'],
        ['@spanwright/undici', 'GET'],
      ])
      expect(answered.map(({ scope, name }) => [scope, name])).toEqual(
        answered.map(() => [INSTRUMENTATION, 'GET /items/:id']),
      )
      expect(answered.map(({ parent }) => parent)).toEqual(sent.map(({ context }) => context.spanId))
      for (const { attributes } of answered) {
        expect(attributes).toMatchObject({ 'http.route': '/items/:id', 'url.path': '/items/7' })
      }
    },
    LONGEST,
  )
})

testBesideInstrumentation(join(__dirname, 'instrumented-listener-program.ts'), [
  'listener',
  'fastify',
  'hono',
])
