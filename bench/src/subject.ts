import { setTimeout as pause } from 'node:timers/promises'

import type { Configuration } from './configurations.ts'
import type { LibraryEntry } from './libraries.ts'
import { GrpcLoad } from './grpc-load.ts'
import { Load } from './load.ts'
import type { Readings } from './measured/protocol.ts'
import { MeasuredProcess } from './measured-process.ts'
import type { NodeRelease } from './node.ts'
import type { Service, Services } from './services.ts'
import type { Sink } from './sink.ts'

/** What is there for all measurements. */
export interface Surroundings {
  readonly services: Services
  readonly sink: Sink
  readonly node: NodeRelease
  /** Flags of Node for the measured processes, such as `--cpu-prof`. */
  readonly flags: readonly string[]
}

/** CPU time of one stretch of load. */
export interface Timing {
  /** User and system time, in microseconds per operation. */
  readonly cpu: number
  /** Calls that were done. */
  readonly calls: number
  /** Spans that were recorded meanwhile; undefined for a product that does not say. */
  readonly spans: number | undefined
}

/** What was seen of a process under load, besides its CPU time. */
export interface Sight {
  /** Bytes allocated on the JavaScript heap, per operation. */
  readonly bytes: number
  /** Longest delay of the event loop, in milliseconds. */
  readonly longestDelay: number
  readonly residentBytes: number
}

let processes = 0

/** One library in one configuration, in a process of its own that does nothing until it is asked to. */
export class Subject {
  readonly configuration: Configuration
  private readonly library: LibraryEntry
  private readonly measured: MeasuredProcess
  private readonly service: Service
  private readonly sink: Sink
  private readonly sinkUrl: string

  private constructor(
    library: LibraryEntry,
    configuration: Configuration,
    measured: MeasuredProcess,
    service: Service,
    sink: Sink,
    sinkUrl: string,
  ) {
    this.library = library
    this.configuration = configuration
    this.measured = measured
    this.service = service
    this.sink = sink
    this.sinkUrl = sinkUrl
  }

  /**
   * Starts a fresh process.
   * @throws ServiceUnavailable when what the library calls does not start, Error when the process fails
   */
  static async start(
    library: LibraryEntry,
    configuration: Configuration,
    { services, sink, node, flags }: Surroundings,
  ): Promise<Subject> {
    const isPostgresNeeded = library.needs?.includes('postgres') === true
    const service = await services.serviceFor(
      isPostgresNeeded ? 'postgres' : library.service,
      configuration.state,
    )
    const upstream = await services.serviceFor('upstream', configuration.state)
    const sinkUrl = sink.urlFor(++processes)
    const assignment = {
      ...configuration,
      library: library.name,
      service: service.address,
      upstream: upstream.address,
      sink: sinkUrl,
    }
    try {
      const measured = await MeasuredProcess.start(assignment, node.execPath, flags)
      return new Subject(library, configuration, measured, service, sink, sinkUrl)
    } catch (error) {
      await service.close()
      throw error
    }
  }

  /** Milliseconds from the creation of the process until it could serve. */
  get startUp(): number {
    return this.measured.startUp
  }

  async warmUp(seconds: number): Promise<void> {
    await this.run(seconds, false)
  }

  /** Measures CPU time. */
  async time(seconds: number): Promise<Timing> {
    const { cpuMicroseconds, recorded, operations } = await this.run(seconds, false)
    return {
      cpu: cpuMicroseconds / operations / this.library.operationsPerCall,
      calls: operations,
      spans: this.saysSpans ? recorded : undefined,
    }
  }

  /** Counts allocations and delays. */
  async watch(seconds: number): Promise<Sight> {
    const { allocatedBytes, operations, longestDelay, residentBytes } = await this.run(seconds, true)
    return {
      bytes: allocatedBytes / operations / this.library.operationsPerCall,
      longestDelay,
      residentBytes,
    }
  }

  /** The part of all recorded spans that did not reach the sink; undefined for a product that does not say. */
  async lost(): Promise<number | undefined> {
    if (!this.saysSpans || this.configuration.state !== 'exported') return undefined
    const recorded = await this.measured.flush()
    return recorded === 0 ? undefined : 1 - this.sink.spansOf(this.sinkUrl) / recorded
  }

  async end(): Promise<void> {
    await this.measured.end()
    await this.service.close()
  }

  private get saysSpans(): boolean {
    const { variant } = this.configuration
    return variant !== 'dd-trace' && variant !== 'sentry'
  }

  private async run(seconds: number, watched: boolean): Promise<Readings> {
    const { measured, configuration } = this
    const Calls = this.library.service === 'grpc-load' ? GrpcLoad : Load
    const load = measured.port > 0 ? await Calls.connect(measured.port, configuration.state) : undefined
    try {
      await measured.begin(watched)
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
  private async holdOut(load: Load | GrpcLoad | undefined, seconds: number): Promise<number> {
    // PostgreSQL needs the other core.
    const { service, needs } = this.library
    const isPostgresAtWork = service === 'postgres' || needs?.includes('postgres') === true
    const letSleep = isPostgresAtWork ? undefined : stayAwake()
    try {
      return load ? await load.run(seconds) : await pause(seconds * 1000, 0)
    } finally {
      letSleep?.()
    }
  }
}

/**
 * Keeps this process from sleeping. Otherwise, whenever it waits for a slow process, that one pays for waking it up:
 * the slower what is measured, the more its system calls cost.
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
