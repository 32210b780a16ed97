import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'

import { describe, expect, it } from '@jest/globals'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { ConsoleExporter, startTracing } from '../src/index.ts'
import { PATIENCE } from './host.ts'
import { WatchedConsole } from './watched-console.ts'

/** Milliseconds after a fixed time in the past. */
function at(milliseconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + milliseconds)
}

it('the console exporter prints each trace as a tree when its root span has ended', async () => {
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

it('a complete trace is one tree with services, times and failures', async () => {
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
  expect(written[0]).toMatch(
    /shop {2}└─ CLIENT SELECT items +5\.0 ms {2}▕█+ +▏ ✗ 42P01\n {12}error\.type {2}42P01\n$/,
  )
})

it('control characters are escaped', async () => {
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
  expect(text.split('\n')).toHaveLength(4)
})

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>(fulfil => {
    resolve = fulfil
  })
  return { promise, resolve }
}

describe('a local trace is printed once', () => {
  it('as one tree where a process calls itself', async () => {
    const exporter = new WatchedConsole()
    await using tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
    const tracer = tracing.tracerProvider.getTracer('test')
    const inner = exporter.came('GET /prices')
    const outer = exporter.came('GET /items')
    const root = tracer.startSpan('GET /items', { kind: SpanKind.SERVER }, ROOT_CONTEXT)
    const call = tracer.startSpan('GET', { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, root))
    const remote = trace.setSpanContext(ROOT_CONTEXT, { ...call.spanContext(), isRemote: true })
    tracer.startSpan('GET /prices', { kind: SpanKind.SERVER }, remote).end()
    await inner
    expect(exporter.written).toEqual([])
    call.end()
    root.end()
    await outer
    expect(exporter.lines()).toEqual([
      'trace …  3 spans, 1 service',
      'shop  SERVER GET /items',
      'shop  └─ CLIENT GET',
      'shop     └─ SERVER GET /prices',
    ])
  })

  it('with the spans below its root that end later', async () => {
    const exporter = new WatchedConsole()
    await using tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
    const tracer = tracing.tracerProvider.getTracer('test')
    const root = tracer.startSpan('GET /items', {}, ROOT_CONTEXT)
    const late = tracer.startSpan('write log', {}, trace.setSpan(ROOT_CONTEXT, root))
    const rootCame = exporter.came('GET /items')
    root.end()
    await rootCame
    expect(exporter.written).toEqual([])
    const lateCame = exporter.came('write log')
    late.end()
    await lateCame
    expect(exporter.lines()).toEqual([
      'trace …  2 spans, 1 service',
      'shop  INTERNAL GET /items',
      'shop  └─ INTERNAL write log',
    ])
  })

  it.each([
    ['when a span below its root does not end in time', (exporter: WatchedConsole) => exporter],
    [
      'when the exporter receives only ended spans',
      (exporter: WatchedConsole) => ({
        export: exporter.export.bind(exporter),
        shutdown: () => exporter.shutdown(),
      }),
    ],
  ])('%s', async (_when, exporterOf) => {
    const { promise, resolve } = deferred<string>()
    const watched = new WatchedConsole({ write: resolve })
    await using tracing = startTracing({
      serviceName: 'shop',
      exporter: exporterOf(watched),
      flushOnExit: false,
    })
    const tracer = trace.getTracer('test')
    const root = tracer.startSpan('GET /items', {}, ROOT_CONTEXT)
    const inside = trace.setSpan(ROOT_CONTEXT, root)
    const endless = tracer.startSpan('stream', {}, inside)
    tracer.startSpan('reserve', {}, inside).end()
    root.end()
    if (exporterOf(watched) !== watched) void tracing.forceFlush()
    expect(await promise).toMatch(/2 spans, .*\nshop {2}INTERNAL GET .*\nshop {2}└─ INTERNAL reserve .*\n$/)
    endless.end()
  })
})

describe('on standard error', () => {
  async function errorsOf(
    kind: 'terminal' | 'pipe',
    variables: Record<string, string>,
    mode = 'failing',
  ): Promise<string> {
    const child = fork(join(__dirname, 'watched-program.ts'), [kind, mode], {
      execArgv: [...FROM_SOURCE],
      env: {
        ...process.env,
        NO_COLOR: undefined,
        FORCE_COLOR: undefined,
        OTEL_TRACES_EXPORTER: 'console',
        ...variables,
      },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    const errors = child.stderr ? readText(child.stderr) : Promise.resolve('')
    await once(child, 'exit')
    return errors
  }

  it.each<['terminal' | 'pipe', Record<string, string>, boolean]>([
    ['terminal', {}, true],
    ['terminal', { NO_COLOR: '1' }, false],
    ['pipe', {}, false],
  ])(
    'failures are coloured on a %s with %j: %s',
    async (kind, variables, isColoured) => {
      const errors = await errorsOf(kind, variables)
      expect(errors).toContain('INTERNAL order 2')
      expect(errors.includes('\u001b[31m')).toBe(isColoured)
    },
    PATIENCE,
  )

  it(
    'waiting traces are printed when the process exits immediately',
    async () => {
      const errors = await errorsOf('pipe', {}, 'exiting')
      expect(errors).toMatch(/^trace .* 1 span, 1 service, .*\nshop {2}INTERNAL order 1 .*\n$/)
    },
    PATIENCE,
  )
})
