import type { Pace } from './arguments.ts'
import { type Configuration, groupsOf } from './configurations.ts'
import type { LibraryEntry } from './libraries.ts'
import type { Variant } from './measured/protocol.ts'
import type { LibraryResult, Row } from './results.ts'
import { ServiceUnavailable } from './services.ts'
import { spreadOf } from './statistics.ts'
import { type Sight, Subject, type Surroundings, type Timing } from './subject.ts'

/** Hears how far a run is. */
export type OnProgress = (line: string) => void

/** What all tracks of a library have in common. */
interface Course {
  readonly library: LibraryEntry
  readonly pace: Pace
  readonly surroundings: Surroundings
  readonly tell: OnProgress
}

/**
 * Measures one library: in every generation each configuration of a group has a fresh process, and all of them take
 * turns (A B C A B C …), so that whatever else goes on in the machine meets them all alike.
 */
export async function measureLibrary(
  library: LibraryEntry,
  variants: readonly Variant[],
  pace: Pace,
  surroundings: Surroundings,
  onProgress: OnProgress,
): Promise<LibraryResult> {
  const tell = (line: string): void => onProgress(`${library.title}: ${line}`)
  const course: Course = { library, pace, surroundings, tell }
  const rows: Row[] = []
  try {
    for (const [index, group] of groupsOf(library.name, variants).entries()) {
      rows.push(...(await measureGroup(group, index, course)))
    }
  } catch (error) {
    if (!(error instanceof ServiceUnavailable)) throw error
    tell(`skipped: ${error.message}`)
    return { library: library.name, skipped: error.message, rows: [] }
  }
  return { library: library.name, rows }
}

async function measureGroup(group: readonly Configuration[], index: number, course: Course): Promise<Row[]> {
  const { pace, tell } = course
  const tracks = group.map(configuration => new Track(configuration, index, course))
  try {
    for (let generation = 1; generation <= pace.generations; generation++) {
      const ordinal = pace.generations > 1 ? ` (${generation} of ${pace.generations})` : ''
      for (const track of tracks) {
        tell(`starting ${track.name}${ordinal}`)
        await track.begin()
      }
      for (let round = 1; round <= pace.rounds; round++) {
        tell(`round ${round} of ${pace.rounds}${ordinal}`)
        for (const track of tracks) await track.time()
      }
      for (const track of tracks) await track.finish()
    }
    return tracks.map(track => track.row())
  } finally {
    for (const track of tracks) await track.end()
  }
}

/** The library whose start-up is looked at more often. */
const STARTED_OFTEN = 'express'

/** What is measured of one configuration of a library. */
class Track {
  private readonly configuration: Configuration
  private readonly group: number
  private readonly course: Course
  private readonly timings: Timing[] = []
  private readonly sights: Sight[] = []
  private readonly startUps: number[] = []
  private readonly losses: number[] = []
  private subject: Subject | undefined
  private failed: string | undefined

  constructor(configuration: Configuration, group: number, course: Course) {
    this.configuration = configuration
    this.group = group
    this.course = course
  }

  get name(): string {
    const { variant, state } = this.configuration
    return variant === 'bare' ? variant : `${variant}, ${state}`
  }

  async begin(): Promise<void> {
    const { library, pace } = this.course
    const starts = library.name === STARTED_OFTEN ? pace.starts : 1
    for (let start = 1; start <= starts && this.failed === undefined; start++) {
      await this.guard(async () => {
        await this.end()
        this.subject = await Subject.start(library, this.configuration, this.course.surroundings)
        this.startUps.push(this.subject.startUp)
      })
    }
    await this.guard(async () => this.subject?.warmUp(pace.warmUp))
  }

  async time(): Promise<void> {
    const { subject, course } = this
    if (!subject) return
    const { leadIn, measured } = course.pace
    await this.guard(async () => {
      if (leadIn > 0) await subject.warmUp(leadIn)
      this.timings.push(await subject.time(measured))
    })
  }

  /** Looks at what is not CPU time, and ends the process. */
  async finish(): Promise<void> {
    const { subject, course } = this
    if (!subject) return
    await this.guard(async () => {
      this.sights.push(await subject.watch(course.pace.counted))
      const lost = await subject.lost()
      if (lost !== undefined) this.losses.push(lost)
    })
    await this.end()
  }

  async end(): Promise<void> {
    await this.subject?.end()
    this.subject = undefined
  }

  row(): Row {
    const { configuration, group, timings, sights, startUps, losses, failed } = this
    if (failed !== undefined || sights.length === 0) {
      return { ...configuration, group, failed: failed ?? 'nothing was measured' }
    }
    const spans = spansPerCall(timings)
    return {
      ...configuration,
      group,
      cpu: spreadOf(timings.map(({ cpu }) => cpu)),
      bytes: spreadOf(sights.map(({ bytes }) => bytes)),
      startUp: spreadOf(startUps),
      longestDelay: Math.max(...sights.map(({ longestDelay }) => longestDelay)),
      residentBytes: Math.max(...sights.map(({ residentBytes }) => residentBytes)),
      ...(spans !== undefined && { spans }),
      ...(losses.length > 0 && { lost: Math.max(...losses) }),
    }
  }

  /** A configuration that fails is left out from then on. A missing service concerns them all. */
  private async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (error instanceof ServiceUnavailable) throw error
      this.failed = error instanceof Error ? error.message : String(error)
      this.course.tell(`${this.name} failed: ${this.failed}`)
      await this.end()
    }
  }
}

/** What counts is all rounds together. Undefined where spans are not counted. */
function spansPerCall(timings: readonly Timing[]): number | undefined {
  const counts = timings.map(({ spans }) => spans).filter(count => count !== undefined)
  if (counts.length === 0) return undefined
  return sumOf(counts) / sumOf(timings.map(({ calls }) => calls))
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
