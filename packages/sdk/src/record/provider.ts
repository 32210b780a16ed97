import type { Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api'

import { Recorder, type RecorderOptions } from './recorder.ts'
import { RecordingTracer } from './tracer.ts'

/** Creates the tracers of a process, one for each scope. */
export class RecordingTracerProvider implements TracerProvider {
  private readonly recorder: Recorder
  private readonly tracers = new Map<string, RecordingTracer>()

  constructor(options: RecorderOptions) {
    this.recorder = new Recorder(options)
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const schemaUrl = options?.schemaUrl
    const key = JSON.stringify([name, version, schemaUrl])
    const known = this.tracers.get(key)
    if (known) return known
    const scope = { name, ...(version && { version }), ...(schemaUrl && { schemaUrl }) }
    const tracer = new RecordingTracer(this.recorder, scope)
    this.tracers.set(key, tracer)
    return tracer
  }

  /** Names of the scopes that have started spans. */
  usedScopes(): string[] {
    const used = [...this.tracers.values()].filter(({ isUsed }) => isUsed)
    return [...new Set(used.map(({ instrumentationScope }) => instrumentationScope.name))]
  }

  /** Flushes the user's processors and the exporters. */
  async forceFlush(): Promise<void> {
    const { processors, sink } = this.recorder
    await Promise.all([processors.forceFlush(), sink.forceFlush()])
  }

  async shutdown(): Promise<void> {
    const { processors, sink } = this.recorder
    await Promise.all([processors.shutdown(), sink.shutdown()])
  }
}
