import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Attributes, type SpanContext, SpanKind } from '@opentelemetry/api'
import { startTracing } from '@spanwright/sdk'
import { createShop } from './shop.js'

interface Span {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  readonly parentSpanContext?: SpanContext | undefined
  readonly resource: { readonly attributes: Attributes }
  spanContext(): SpanContext
}

const spans: Span[] = []

async function main(): Promise<void> {
  const tracing = startTracing({
    serviceName: 'shop',
    exporter: {
      export(batch, done) {
        spans.push(...batch)
        done({ code: 0 })
      },
      shutdown: async () => undefined,
    },
  })
  const { app, end } = createShop()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/items/postgres`)
  assert.deepEqual(await response.json(), { name: 'postgres', price: 24 })
  server.close()
  server.closeAllConnections()
  await end()
  await tracing.shutdown()
  assert.deepEqual(below(undefined, ''), [
    'SERVER GET /items/:id, /items/:id 200',
    '  CLIENT SELECT pg_database, postgresql',
    '  CLIENT GET, 200',
    '    SERVER GET /prices/:id, /prices/:id 200',
  ])
  assert.equal(spans.length, 4)
  for (const { resource } of spans) assert.equal(resource.attributes['service.name'], 'shop')
}

/** The spans beneath a span, each as a line. */
function below(parent: string | undefined, indent: string): string[] {
  return spans
    .filter(span => span.parentSpanContext?.spanId === parent)
    .flatMap(span => [indent + face(span), ...below(span.spanContext().spanId, `${indent}  `)])
}

function face({ kind, name, attributes }: Span): string {
  const facts = [
    attributes['http.route'],
    attributes['db.system.name'],
    attributes['http.response.status_code'],
  ]
  return `${SpanKind[kind]} ${name}, ${facts.filter(fact => fact !== undefined).join(' ')}`
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
