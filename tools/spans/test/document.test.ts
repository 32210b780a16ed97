import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, describe, expect, it } from '@jest/globals'
import { recordSpans } from '@spanwright/testing'

import { renderDocument } from '../src/document.ts'
import { mergeSightings } from '../src/recording.ts'
import { sightingOfMetric, sightingOfSpan } from '../src/sighting.ts'
import { vocabularyOf } from '../src/vocabulary.ts'

const recorder = recordSpans()
afterAll(() => recorder.stop())

describe('the document', () => {
  it('has what was seen of each type of span, without data of the user', async () => {
    const tracer = recorder.tracerProvider.getTracer('example')
    const linked = tracer.startSpan('linked')
    const links = [{ context: linked.spanContext(), attributes: { 'kafka.offset': 7 } }]
    const first = tracer.startSpan('GET /a', {
      kind: SpanKind.CLIENT,
      attributes: { 'url.full': 'http://127.0.0.1/a', 'http.request.header.accept': ['a'], 'shop.id': 7 },
    })
    first.setStatus({ code: SpanStatusCode.ERROR }).recordException(new Error('no'))
    first.end()
    tracer.startSpan('GET /b', { kind: SpanKind.CLIENT, links, attributes: { 'server.port': 80 } }).end()
    const meter = recorder.meterProvider.getMeter('example')
    meter.createHistogram('example.duration', { unit: 's' }).record(1, { 'error.type': '500' })

    const spans = recorder.spans().map(sightingOfSpan)
    const metrics = (await recorder.metrics()).map(metric => sightingOfMetric('example', metric))
    const document = renderDocument(mergeSightings([...spans, ...metrics]))

    expect(document.slice(document.indexOf('## '))).toBe(`## example

### CLIENT

| | |
|---|---|
| attributes | \`http.request.header.<name>\` \`server.port\` \`url.full\` |
| on links | \`kafka.offset\` |
| event \`exception\` | \`exception.message\` \`exception.stacktrace\` \`exception.type\` |

### Metrics

| metric | form | unit | attributes |
|---|---|---|---|
| \`example.duration\` | histogram | \`s\` | \`error.type\` |
`)
  })
})

describe('the vocabulary', () => {
  it('is recognised by the attributes', () => {
    expect(vocabularyOf({ 'db.system.name': 'postgresql' })).toBe('latest')
    expect(vocabularyOf({ 'db.system': 'postgresql' })).toBe('legacy')
    expect(vocabularyOf({ 'db.system': 'postgresql', 'db.system.name': 'postgresql' })).toBe('both')
    expect(vocabularyOf({})).toBe('latest')
  })
})
