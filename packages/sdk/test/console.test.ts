import { expect, it } from '@jest/globals'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

import { ConsoleExporter, startTracing } from '../src/index.ts'

/** Milliseconds after a moment that has passed. */
function at(milliseconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + milliseconds)
}

it('the console exporter prints each trace as a tree when its first span has ended', async () => {
  const written: string[] = []
  const exporter = new ConsoleExporter({ write: text => void written.push(text), width: 90, colors: false })
  const tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
  const tracer = trace.getTracer('test')
  const root = tracer.startSpan('GET /items/:id', { kind: SpanKind.SERVER, startTime: at(0) }, ROOT_CONTEXT)
  const inside = trace.setSpan(ROOT_CONTEXT, root)
  const failed = tracer.startSpan('SELECT items', { kind: SpanKind.CLIENT, startTime: at(2) }, inside)
  failed.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', '42P01').end(at(8))
  await tracing.forceFlush()
  const open = tracer.startSpan('left open', {}, ROOT_CONTEXT)
  expect(written).toHaveLength(1)
  root.end(at(10))
  open.end()
  await tracing.shutdown()
  const [orphan = '', ...others] = written
  expect(orphan).toContain('CLIENT SELECT items')
  expect(others.join('')).toContain('SERVER GET /items/:id')
  expect(others.join('')).toContain('left open')
})

it('a whole trace is one tree with places, times and failures', async () => {
  const written: string[] = []
  const exporter = new ConsoleExporter({ write: text => void written.push(text), width: 90, colors: false })
  const tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
  const tracer = trace.getTracer('test')
  const root = tracer.startSpan('GET /', { kind: SpanKind.SERVER, startTime: at(0) }, ROOT_CONTEXT)
  const query = tracer.startSpan(
    'SELECT items',
    { kind: SpanKind.CLIENT, startTime: at(0), attributes: { 'error.type': '42P01' } },
    trace.setSpan(ROOT_CONTEXT, root),
  )
  query.setStatus({ code: SpanStatusCode.ERROR }).end(at(5))
  root.end(at(10))
  await tracing.shutdown()
  expect(written).toHaveLength(1)
  expect(written[0]).toContain(`trace ${root.spanContext().traceId}  2 spans, 1 service, 10.0 ms\n`)
  expect(written[0]).toMatch(/shop {2}SERVER GET \/ +10\.0 ms {2}▕█+▏\n/)
  expect(written[0]).toMatch(/shop {2}└─ CLIENT SELECT items +5\.0 ms {2}▕█+ +▏ ✗ 42P01\n$/)
})

it('what a terminal would obey is shown instead', async () => {
  const written: string[] = []
  const exporter = new ConsoleExporter({ write: text => void written.push(text), width: 90, colors: false })
  const tracing = startTracing({ serviceName: 'sh\u001b[31mop', exporter, flushOnExit: false })
  const tracer = trace.getTracer('test')
  const links = [{ context: tracer.startSpan('never ended').spanContext() }]
  const span = tracer.startSpan('GET /\u001b]0;owned\u0007\r\n\u009b2J\u202e\u2028ü', { links }, ROOT_CONTEXT)
  span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', 'E\nrror').end()
  await tracing.shutdown()
  const [text = ''] = written
  expect(text).toContain(String.raw`sh\u001b[31mop`)
  expect(text).toContain(String.raw`GET /\u001b]0;owned\u0007\u000d\u000a\u009b2J\u202e\u2028ü`)
  expect(text).toContain(String.raw`✗ E\u000arror`)
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(text.split('\n')).toHaveLength(3)
})
