import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { countSpans } from '../src/otlp.ts'
import { type Sink, startSink } from '../src/sink.ts'

/** A request as OpenTelemetry writes it, with events and links in it that are not to be counted. */
function requestOf(count: number): Buffer {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  for (let i = 0; i < count; i++) {
    const span = provider.getTracer(`scope ${i % 3}`).startSpan('span', { attributes: { i, half: i / 2 } })
    span
      .addEvent('event', { text: 'x'.repeat(300) })
      .addLink({ context: span.spanContext() })
      .end()
  }
  const message = ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans())
  return Buffer.from(message ?? [])
}

let sink: Sink
beforeAll(async () => {
  sink = await startSink()
})
afterAll(() => sink.close())

it.each([0, 1, 7, 400])('counts %d spans of a request of several scopes', count => {
  expect(countSpans(requestOf(count))).toBe(count)
})

it('counts the spans that reach the sink for each process apart', async () => {
  const urls = [sink.urlFor(1), sink.urlFor(2)]
  for (const [index, url] of urls.entries()) {
    const answer = await fetch(`${url}/v1/traces`, { method: 'POST', body: requestOf(index + 2) })
    expect(answer.status).toBe(200)
  }
  expect(urls.map(url => sink.spansOf(url))).toEqual([2, 3])
})
