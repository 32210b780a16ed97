import type { ContextManager, TextMapPropagator, TracerProvider } from '@opentelemetry/api'
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-node'

/** A library that creates or processes spans, and its work on an SDK. */
export interface Scenario {
  readonly sampler?: Sampler
  readonly spanProcessors?: SpanProcessor[]
  readonly propagator?: TextMapPropagator
  readonly contextManager?: ContextManager
  /** @param provider of the SDK, which is registered too */
  run(provider: TracerProvider): Promise<void>
}
