import { describe, expect, it } from '@jest/globals'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

import { ConsoleExporter, type ConsoleOptions, startTracing } from '../src/index.ts'
import { WatchedConsole } from './watched-console.ts'

/** Milliseconds after a fixed time in the past. */
function at(milliseconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + milliseconds)
}

describe('of a failed span, the console exporter', () => {
  const STACK = ['Error: no such table', '    at query (/shop/db.ts:3:9)', '    at get (/shop/app.ts:8:1)']

  function fail(): void {
    const tracer = trace.getTracer('test')
    const root = tracer.startSpan('GET /items', { attributes: { 'http.route': '/items' } }, ROOT_CONTEXT)
    const query = tracer.startSpan(
      'SELECT items',
      { kind: SpanKind.CLIENT },
      trace.setSpan(ROOT_CONTEXT, root),
    )
    query.setAttributes({ 'db.query.text': 'SELECT *\n  FROM items', 'db.rows': 3, tags: ['a', 'b'] })
    query.addEvent('exception', {
      'exception.type': 'Error',
      'exception.message': 'no such\u001b[31m table',
      'exception.stacktrace': STACK.join('\n'),
    })
    query.setStatus({ code: SpanStatusCode.ERROR, message: 'no such table' }).end()
    root.end()
  }

  async function linesOf(options: ConsoleOptions): Promise<string[]> {
    const exporter = new WatchedConsole(options)
    const tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
    fail()
    await tracing.shutdown()
    return exporter.lines()
  }

  const DETAILS = [
    'shop  └─ CLIENT SELECT items ✗ error',
    '            no such table',
    '            db.query.text  SELECT * ⏎ FROM items',
    '            db.rows        3',
    '            tags           ["a","b"]',
    '            ⚑ exception',
    '              exception.type     Error',
    String.raw`              exception.message  no such\u001b[31m table`,
    '              at query (/shop/db.ts:3:9)',
    '              at get (/shop/app.ts:8:1)',
  ]

  it('shows message, attributes and events', async () => {
    expect(await linesOf({})).toEqual([
      'trace …  2 spans, 1 service',
      'shop  INTERNAL GET /items',
      ...DETAILS,
    ])
  })

  it('shows no details with detail none, and those of other spans too with all', async () => {
    expect(await linesOf({ detail: 'none' })).toEqual([
      'trace …  2 spans, 1 service',
      'shop  INTERNAL GET /items',
      'shop  └─ CLIENT SELECT items ✗ error',
    ])
    expect(await linesOf({ detail: 'all' })).toEqual([
      'trace …  2 spans, 1 service',
      'shop  INTERNAL GET /items',
      '      │  http.route  /items',
      ...DETAILS,
    ])
  })

  it('prints the line in red and the details dimmed when colors are on', async () => {
    const written: string[] = []
    const exporter = new ConsoleExporter({ write: text => void written.push(text), colors: true })
    const tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
    fail()
    await tracing.shutdown()
    const lines = written.join('').split('\n')
    expect(lines[2]?.replaceAll('\u001b', '')).toMatch(/^\[31mshop .*\[39m$/)
    expect(lines[3]).toBe('\u001b[2m            no such table\u001b[22m')
  })
})

describe('of several traces, the console exporter', () => {
  async function printedWith(options: ConsoleOptions): Promise<string> {
    const exporter = new WatchedConsole(options)
    const tracing = startTracing({ serviceName: 'shop', exporter, flushOnExit: false })
    const tracer = trace.getTracer('test')
    tracer.startSpan('quick', { startTime: at(0) }, ROOT_CONTEXT).end(at(499))
    tracer.startSpan('slow', { startTime: at(0) }, ROOT_CONTEXT).end(at(500))
    const failed = tracer.startSpan('failed', { startTime: at(0) }, ROOT_CONTEXT)
    failed.setStatus({ code: SpanStatusCode.ERROR }).end(at(1))
    await tracing.shutdown()
    return ['quick', 'slow', 'failed'].filter(name => exporter.written.join('').includes(name)).join()
  }

  it.each<[ConsoleOptions, string]>([
    [{}, 'quick,slow,failed'],
    [{ only: 'errors' }, 'failed'],
    [{ only: 'slow' }, 'slow'],
    [{ only: 'slow', slowerThan: '400ms' }, 'quick,slow'],
  ])('with %j prints %s', async (options, names) => {
    expect(await printedWith(options)).toBe(names)
  })
})

it.each([{ detail: 'some' }, { only: 'fast' }, { slowerThan: '1 second' }, { colours: true }])(
  'the console exporter refuses %j',
  options => {
    expect(() => new ConsoleExporter(options as ConsoleOptions)).toThrow(
      new RegExp(`^new ConsoleExporter\\(\\): .*${Object.keys(options)[0]}`),
    )
  },
)
