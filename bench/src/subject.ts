import { setTimeout as pause } from 'node:timers/promises'

import type { Configuration } from './configurations.ts'
import type { LibraryEntry } from './libraries.ts'
import { Load } from './load.ts'
import type { Readings } from './measured/protocol.ts'
import { MeasuredProcess } from './measured-process.ts'
import type { Service, Services } from './services.ts'
import type { Sink } from './sink.ts'

/** What is there for all measurements. */
export interface Surroundings {
  readonly services: Services
  readonly sink: Sink
  /** Flags of Node for the measured processes, such as `--cpu-prof`. */
  readonly flags: readonly string[]
}

/** CPU time of one stretch of load. */
export interface Timing {
  /** User and system time, in microseconds per operation. */
  readonly cpu: number
  /** Calls that were done. */
  readonly calls: number
  /** Spans that reached the exporter; undefined for a product that has an exporter of its own. */
  readonly spans: number | undefined
}

/** One library in one configuration, in a process of its own that does nothing until it is asked to. */
export class Subject {
  readonly configuration: Configuration
  private readonly library: LibraryEntry
  private readonly measured: MeasuredProcess
  private readonly service: Service

  private constructor(
    library: LibraryEntry,
    configuration: Configuration,
    measured: MeasuredProcess,
    service: Service,
  ) {
    this.library = library
    this.configuration = configuration
    this.measured = measured
    this.service = service
  }

  /**
   * Starts a fresh process.
   * @throws ServiceUnavailable when what the library calls does not start, Error when the process fails
   */
  static async start(
    library: LibraryEntry,
    configuration: Configuration,
    { services, sink, flags }: Surroundings,
  ): Promise<Subject> {
    const service = await services.serviceFor(library.service, configuration.state)
    const assignment = {
      ...configuration,
      library: library.name,
      service: service.address,
      sink: sink.origin,
    }
    try {
      const measured = await MeasuredProcess.start(assignment, flags)
      return new Subject(library, configuration, measured, service)
    } catch (error) {
      await service.close()
      throw error
    }
  }

  async warmUp(seconds: number): Promise<void> {
    await this.run(seconds, false)
  }

  /** Measures CPU time. */
  async time(seconds: number): Promise<Timing> {
    const { cpuMicroseconds, spans, operations } = await this.run(seconds, false)
    const { variant } = this.configuration
    return {
      cpu: cpuMicroseconds / operations / this.library.operationsPerCall,
      calls: operations,
      spans: variant === 'dd-trace' || variant === 'sentry' ? undefined : spans,
    }
  }

  /** Counts bytes allocated on the JavaScript heap, per operation. */
  async countAllocations(seconds: number): Promise<number> {
    const { allocatedBytes, operations } = await this.run(seconds, true)
    return allocatedBytes / operations / this.library.operationsPerCall
  }

  async end(): Promise<void> {
    await this.measured.end()
    await this.service.close()
  }

  private async run(seconds: number, countAllocations: boolean): Promise<Readings> {
    const { measured, configuration } = this
    const load = measured.port > 0 ? await Load.connect(measured.port, configuration.state) : undefined
    try {
      await measured.begin(countAllocations)
      const served = await this.holdOut(load, seconds)
      const readings = await measured.finish()
      const operations = served || readings.operations
      if (operations === 0) throw new Error('the process did not do a single operation')
      return { ...readings, operations }
    } finally {
      load?.close()
    }
  }

  /** Sends requests, or waits while the process does its work. Returns how many requests were answered. */
  private async holdOut(load: Load | undefined, seconds: number): Promise<number> {
    // PostgreSQL needs the other core.
    const letSleep = this.library.service === 'postgres' ? undefined : stayAwake()
    try {
      return load ? await load.run(seconds) : await pause(seconds * 1000, 0)
    } finally {
      letSleep?.()
    }
  }
}

/**
 * Keeps this process from sleeping. Otherwise, whenever it waits for a slow process, that one pays for waking it up:
 * the slower what is measured, the dearer its system calls.
 * @returns a function that lets it sleep again
 */
function stayAwake(): () => void {
  let isAwake = true
  const turn = (): void => {
    if (isAwake) setImmediate(turn)
  }
  turn()
  return () => {
    isAwake = false
  }
}
