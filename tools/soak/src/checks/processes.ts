import type { Life } from '../shop/service.ts'
import type { Check } from './check.ts'

/** Fewer measurements do not show a direction. */
const LEAST_MEASURED = 6

/** What caches, compiled code and connections may add, as a share and in bytes. */
const TOLERANCE = { share: 0.1, heap: 4 * 2 ** 20, buffers: 8 * 2 ** 20 }

/** Whether no exception was unhandled, and no process ended or warned for another reason than the schedule. */
export function checkExceptions(name: string, lives: readonly Life[]): Check {
  const faults = lives.flatMap(({ instance, faults: own }) => own.map(fault => `${instance}: ${fault}`))
  const killed = lives.filter(({ killedAt }) => killedAt !== undefined).length
  return {
    name: `no unhandled exception, ${name}`,
    figures: `${lives.length} processes, ${killed} killed on schedule`,
    faults,
  }
}

/** Whether telemetry has reported no failure of its own. */
export function checkFailures(lives: readonly Life[]): Check {
  const faults = lives.flatMap(({ instance, failures }) => failures.map(failure => `${instance}: ${failure}`))
  return { name: 'no failure inside telemetry', figures: `${faults.length} reported to diag`, faults }
}

/**
 * Whether the memory in use after a garbage collection does not grow: the lower quartile of the last third of a process is
 * not above that of its first third. Of several processes of a service, that with most measurements counts.
 */
export function checkMemory(name: string, lives: readonly Life[]): Check {
  const longest = new Map<string, Life>()
  for (const life of lives) {
    const before = longest.get(life.service)
    if (!before || life.memory.length > before.memory.length) longest.set(life.service, life)
  }
  const faults: string[] = []
  const figures: string[] = []
  for (const { service, memory } of longest.values()) {
    if (memory.length < LEAST_MEASURED) faults.push(`${service}: measured ${memory.length} times only`)
    const grown = (['heap', 'buffers'] as const).map(part => {
      const values = memory.map(each => each[part])
      const third = Math.floor(values.length / 3)
      const first = lowerQuartile(values.slice(0, third))
      const last = lowerQuartile(values.slice(values.length - third))
      const figure = `${megabytes(first)} → ${megabytes(last)}`
      if (last > first * (1 + TOLERANCE.share) + TOLERANCE[part])
        faults.push(`${service}: ${figure} MB of ${part}`)
      return figure
    })
    figures.push(`${service} ${grown.join(' + ')}`)
  }
  return { name: `memory flat (MB of heap + buffers), ${name}`, figures: figures.join(', '), faults }
}

/** What is in use only at the moment, such as a large response, adds to what is kept. */
function lowerQuartile(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 4)] ?? 0
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
