import type { Pace } from './arguments.ts'
import { type Configuration, configurationsOf } from './configurations.ts'
import type { LibraryEntry } from './libraries.ts'
import type { Variant } from './measured/protocol.ts'
import type { LibraryResult, Row } from './results.ts'
import { ServiceUnavailable } from './services.ts'
import { spreadOf } from './statistics.ts'
import { Subject, type Surroundings, type Timing } from './subject.ts'

/** Hears how far a run is. */
export type OnProgress = (line: string) => void

/**
 * Measures one library: in every generation each configuration has a fresh process, and all of them take turns
 * (A B C A B C …), so that whatever else goes on in the machine meets them all alike.
 */
export async function measureLibrary(
  library: LibraryEntry,
  variants: readonly Variant[],
  pace: Pace,
  surroundings: Surroundings,
  onProgress: OnProgress,
): Promise<LibraryResult> {
  const tracks = configurationsOf(variants).map(configuration => new Track(configuration))
  const tell = (line: string): void => onProgress(`${library.title}: ${line}`)
  try {
    for (let generation = 1; generation <= pace.generations; generation++) {
      const ordinal = pace.generations > 1 ? ` (${generation} of ${pace.generations})` : ''
      for (const track of tracks) {
        tell(`starting ${track.name}${ordinal}`)
        await track.begin(library, pace, surroundings, tell)
      }
      for (let round = 1; round <= pace.rounds; round++) {
        tell(`round ${round} of ${pace.rounds}${ordinal}`)
        for (const track of tracks) await track.time(pace, tell)
      }
      for (const track of tracks) await track.finish(pace, tell)
    }
  } catch (error) {
    if (!(error instanceof ServiceUnavailable)) throw error
    tell(`skipped: ${error.message}`)
    return { library: library.name, skipped: error.message, rows: [] }
  } finally {
    for (const track of tracks) await track.end()
  }
  return { library: library.name, rows: tracks.map(track => track.row()) }
}

/** What one configuration of a library comes to. */
class Track {
  private readonly configuration: Configuration
  private readonly timings: Timing[] = []
  private readonly bytes: number[] = []
  private subject: Subject | undefined
  private failed: string | undefined

  constructor(configuration: Configuration) {
    this.configuration = configuration
  }

  get name(): string {
    const { variant, state } = this.configuration
    return variant === 'bare' ? variant : `${variant}, ${state}`
  }

  async begin(
    library: LibraryEntry,
    pace: Pace,
    surroundings: Surroundings,
    onProgress: OnProgress,
  ): Promise<void> {
    if (this.failed !== undefined) return
    await this.guard(onProgress, async () => {
      this.subject = await Subject.start(library, this.configuration, surroundings)
      await this.subject.warmUp(pace.warmUp)
    })
  }

  async time(pace: Pace, onProgress: OnProgress): Promise<void> {
    const { subject } = this
    if (!subject) return
    await this.guard(onProgress, async () => {
      if (pace.leadIn > 0) await subject.warmUp(pace.leadIn)
      this.timings.push(await subject.time(pace.measured))
    })
  }

  /** Counts allocations and ends the process. */
  async finish(pace: Pace, onProgress: OnProgress): Promise<void> {
    const { subject } = this
    if (!subject) return
    await this.guard(
      onProgress,
      async () => void this.bytes.push(await subject.countAllocations(pace.counted)),
    )
    await this.end()
  }

  async end(): Promise<void> {
    await this.subject?.end()
    this.subject = undefined
  }

  row(): Row {
    const { configuration, timings, bytes, failed } = this
    if (failed !== undefined || bytes.length === 0) {
      return { ...configuration, failed: failed ?? 'nothing was measured' }
    }
    const spans = spansPerCall(timings)
    return {
      ...configuration,
      cpu: spreadOf(timings.map(({ cpu }) => cpu)),
      bytes: spreadOf(bytes),
      ...(spans !== undefined && { spans }),
    }
  }

  /** A configuration that fails is left out from then on. A missing service concerns them all. */
  private async guard(onProgress: OnProgress, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (error instanceof ServiceUnavailable) throw error
      this.failed = error instanceof Error ? error.message : String(error)
      onProgress(`${this.name} failed: ${this.failed}`)
      await this.end()
    }
  }
}

/** Spans are exported in batches: what counts is all rounds together. Undefined where they are not counted. */
function spansPerCall(timings: readonly Timing[]): number | undefined {
  const counts = timings.map(({ spans }) => spans).filter(count => count !== undefined)
  if (counts.length === 0) return undefined
  return sumOf(counts) / sumOf(timings.map(({ calls }) => calls))
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
