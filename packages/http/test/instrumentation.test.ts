import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

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

describe('beside the HTTP instrumentation of OpenTelemetry', () => {
  it(
    'its spans are the only ones, and get the route',
    async () => {
      const program = join(__dirname, 'instrumented-program.ts')
      const args = [...FROM_SOURCE, program]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const spans = JSON.parse(await text(child.stdout)) as Printed[]

      const sent = spans.find(({ kind }) => kind === SpanKind.CLIENT)
      expect(spans.map(({ scope, name, kind }) => [scope, name, kind])).toEqual([
        [INSTRUMENTATION, 'GET /items/:id', SpanKind.SERVER],
        [INSTRUMENTATION, 'GET', SpanKind.CLIENT],
      ])
      expect(spans[0]?.parent).toBe(sent?.context.spanId)
      expect(spans[0]?.attributes).toMatchObject({ 'http.route': '/items/:id', 'url.path': '/items/7' })
    },
    LONGEST,
  )
})
