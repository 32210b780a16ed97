import type { KafkaTracing } from '../tracing.ts'

/** The active tracings, in the order they started. */
const tracings = new Set<KafkaTracing>()

/** The settings to trace with: those of the first active tracing. Undefined when there is none. */
export function currentTracing(): KafkaTracing | undefined {
  const [first] = tracings
  return first
}

/** Adds a tracing. Returns a function that removes it. */
export function addTracing(tracing: KafkaTracing): () => void {
  tracings.add(tracing)
  return () => void tracings.delete(tracing)
}
