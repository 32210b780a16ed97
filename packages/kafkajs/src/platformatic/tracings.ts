import type { KafkaTracing } from '../tracing.ts'

/** Who traces now, in the order they began. */
const tracings = new Set<KafkaTracing>()

/** The settings to trace by: those of who began first. Undefined when nobody traces. */
export function currentTracing(): KafkaTracing | undefined {
  const [first] = tracings
  return first
}

/** Traces by these settings from now on. Returns what ends that. */
export function addTracing(tracing: KafkaTracing): () => void {
  tracings.add(tracing)
  return () => void tracings.delete(tracing)
}
