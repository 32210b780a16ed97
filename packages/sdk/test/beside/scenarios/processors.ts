import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BaggageSpanProcessor } from '@opentelemetry/baggage-span-processor'
import type { SpanProcessor } from '@opentelemetry/sdk-trace-node'

import type { Scenario } from '../scenario.ts'

function processor(parts: Partial<SpanProcessor>): SpanProcessor {
  return {
    onStart: () => {},
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
    ...parts,
  }
}

/** Typical processors of apps: one by OpenTelemetry, and some that read, write and replace. */
export const scenario: Scenario = {
  spanProcessors: [
    new BaggageSpanProcessor(key => key.startsWith('tenant')),
    processor({
      onStart(span, parent) {
        span.setAttribute('depth', trace.getSpan(parent) ? 'child' : 'root')
        span.addEvent(`started ${span.name}`)
      },
    }),
    processor({
      // `attributes` may be assigned on the spans of both SDKs, though the type does not say so.
      onEnding: span =>
        void Object.assign(span, {
          attributes: Object.fromEntries(Object.entries(span.attributes).filter(([key]) => key !== 'secret')),
        }),
    }),
    processor({
      onEnding: span => void span.setAttribute('ended', span.ended).updateName(`${span.name}!`),
      onEnd: span => void (span.attributes['keys'] = Object.keys(span.attributes)),
    }),
  ],
  async run(provider) {
    const tracer = provider.getTracer('app', '1')
    const baggage = propagation.createBaggage({ 'tenant.id': { value: 'acme' }, other: { value: 'x' } })
    context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
      tracer.startActiveSpan('outer', { attributes: { secret: 'x', a: 1 } }, outer => {
        tracer.startSpan('inner', { attributes: { list: ['a', 'b'] } }).end()
        outer.setAttribute('late', true).end()
      }),
    )
  },
}
