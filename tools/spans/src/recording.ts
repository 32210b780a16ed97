import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What was seen of one type of span or metric. Lists are sorted and without duplicates. */
export interface Sighting {
  /** The package that created it. */
  readonly scope: string
  /** `span` or `metric`. */
  readonly form: 'span' | 'metric'
  /** What it is called in the document. */
  readonly title: string
  /** Attribute keys of the span or of the metric's points. */
  readonly attributes: readonly string[]
  /** Attribute keys of links. */
  readonly links: readonly string[]
  /** Attribute keys of events, by name of the event. */
  readonly events: Readonly<Record<string, readonly string[]>>
  /** Unit and instrument of a metric. */
  readonly unit?: string
  readonly instrument?: string
}

interface Recording {
  readonly testFile: string
  readonly sightings: readonly Sighting[]
}

const ROOT = join(__dirname, '..', '..', '..')
const FOLDER = join(ROOT, 'node_modules', '.cache', 'spanwright', 'spans')

/** Stores what a test file has seen, replacing its last run. */
export function writeRecording(testFile: string, sightings: readonly Sighting[]): void {
  mkdirSync(FOLDER, { recursive: true })
  const name = createHash('sha256').update(testFile).digest('hex').slice(0, 16)
  const recording: Recording = { testFile, sightings }
  writeFileSync(join(FOLDER, `${name}.json`), JSON.stringify(recording))
}

/** What each test file has seen in its last run, of those that are still there. */
export function readRecordings(): Map<string, readonly Sighting[]> {
  const recordings = new Map<string, readonly Sighting[]>()
  if (!existsSync(FOLDER)) return recordings
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name)
    const { testFile, sightings } = JSON.parse(readFileSync(path, 'utf8')) as Recording
    if (existsSync(testFile)) recordings.set(testFile, sightings)
    else rmSync(path)
  }
  return recordings
}

/** One sighting of each title, with all that was seen of it. */
export function mergeSightings(sightings: readonly Sighting[]): Sighting[] {
  const merged = new Map<string, Sighting>()
  for (const sighting of sightings) {
    const key = `${sighting.scope} ${sighting.form} ${sighting.title}`
    const before = merged.get(key)
    merged.set(key, before ? mergeTwo(before, sighting) : sighting)
  }
  return [...merged.values()].toSorted((a, b) => compare(a.scope, b.scope) || compare(a.title, b.title))
}

function mergeTwo(a: Sighting, b: Sighting): Sighting {
  const names = union(Object.keys(a.events), Object.keys(b.events))
  return {
    ...a,
    attributes: union(a.attributes, b.attributes),
    links: union(a.links, b.links),
    events: Object.fromEntries(names.map(name => [name, union(a.events[name] ?? [], b.events[name] ?? [])])),
  }
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].toSorted(compare)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
