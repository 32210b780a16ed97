import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { startTracing, type StartTracingOptions, type Tracing } from '../../src/index.ts'
import { collect } from '../collector.ts'
import { startEndpoint } from '../endpoint.ts'
import { type DecodedSpan, decodeRequest, spansIn } from './otlp-decoder.ts'

/** A span in a form that is the same for every exporter. */
export interface ShownSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly traceState: string
}

/** How exporters receive spans: as objects, or as bytes over OTLP. */
export const FORMS = ['objects', 'bytes'] as const

/** Runs work with one form of exporter. @returns the exported spans, sorted by name */
export async function exportedBy(
  form: (typeof FORMS)[number],
  options: StartTracingOptions,
  work: (tracing: Tracing) => void | Promise<void>,
): Promise<ShownSpan[]> {
  const shown = form === 'objects' ? await asObjects(options, work) : await asBytes(options, work)
  return shown.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

async function asObjects(
  options: StartTracingOptions,
  work: (tracing: Tracing) => void | Promise<void>,
): Promise<ShownSpan[]> {
  const { exporter, spans } = collect()
  await using tracing = startTracing({ exporter, flushOnExit: false, metrics: false, ...options })
  await work(tracing)
  await tracing.shutdown()
  return spans.map(ofObject)
}

async function asBytes(
  options: StartTracingOptions,
  work: (tracing: Tracing) => void | Promise<void>,
): Promise<ShownSpan[]> {
  await using endpoint = await startEndpoint()
  const exporter = { url: `${endpoint.url}/v1/traces` }
  await using tracing = startTracing({ exporter, flushOnExit: false, metrics: false, ...options })
  await work(tracing)
  await tracing.shutdown()
  return endpoint.arrivals.flatMap(({ body }) => spansIn(decodeRequest(body))).map(ofBytes)
}

function ofObject(span: ReadableSpan): ShownSpan {
  const traceState = span.spanContext().traceState?.serialize() ?? ''
  return { name: span.name, attributes: { ...span.attributes }, traceState }
}

function ofBytes({ name, attributes, traceState }: DecodedSpan): ShownSpan {
  return {
    name,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
    traceState,
  }
}

function plain(value: Readonly<Record<string, unknown>>): unknown {
  if ('arrayValue' in value) {
    const { values } = value['arrayValue'] as { values: Record<string, unknown>[] }
    return values.map(plain)
  }
  return 'intValue' in value ? Number(value['intValue']) : Object.values(value)[0]
}
