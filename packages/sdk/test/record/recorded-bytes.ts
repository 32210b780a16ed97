import { resourceFromAttributes } from '@opentelemetry/resources'

import { ByteStore } from '../../src/record/otlp/byte-store.ts'
import { RecordingTracerProvider } from '../../src/record/provider.ts'
import type { IdGenerator, SpanLimits } from '../../src/record/types.ts'
import { alwaysOn, parentBased } from '../../src/sampling/samplers.ts'
import { play, type Script } from './scripts.ts'

export const RESOURCE = resourceFromAttributes({ 'service.name': 'shop', 'service.version': '1' })
export const SCOPE = [
  '@spanwright/test',
  '1.2.3',
  { schemaUrl: 'https://opentelemetry.io/schemas/1.45.0' },
] as const

export const WIDE: Required<SpanLimits> = {
  attributeValueLengthLimit: Infinity,
  attributeCountLimit: 128,
  linkCountLimit: 128,
  eventCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
}

/** The same ids for both SDKs. */
export function countedIds(): { generateTraceId(): string; generateSpanId(): string } {
  let traces = 0
  let spans = 0
  return {
    generateTraceId: () => (traces += 1).toString(16).padStart(32, '0'),
    generateSpanId: () => (spans += 1).toString(16).padStart(16, 'a'),
  }
}

/** The bytes of Spanwright's encoder. */
export function recordedBytes(
  scripts: readonly Script[],
  limits: Required<SpanLimits>,
  idGenerator: IdGenerator | null = countedIds(),
): Uint8Array {
  const store = new ByteStore({ maxQueueSize: Infinity, maxQueueBytes: Infinity }, RESOURCE)
  const provider = new RecordingTracerProvider({
    resource: RESOURCE,
    sampler: parentBased(alwaysOn()),
    limits,
    idGenerator: idGenerator ?? undefined,
    processors: [],
    baggageAttributes: [],
    sink: {
      keepsObjects: false,
      onStart: () => {},
      onEnd: span => void store.add(span),
      refuse: () => {},
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  })
  for (const script of scripts) play(provider.getTracer(...SCOPE), script)
  const batch = store.take(Infinity, Infinity)
  if (batch?.spans !== scripts.length) throw new Error('a span is missing')
  const bytes = Buffer.concat(batch.parts)
  if (batch.bytes !== bytes.length) throw new Error('the batch has another length')
  return bytes
}
