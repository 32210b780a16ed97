import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics, GCProfiler } from 'node:v8'

import type { Readings } from './protocol.ts'

type Measured = Omit<Readings, 'operations' | 'recorded'>

/** Reads CPU time and memory between two moments and, on demand, allocations and delays. */
export class Meter {
  private cpu: NodeJS.CpuUsage = process.cpuUsage()
  private watch: Watch | undefined

  start(watched: boolean): void {
    this.watch = watched ? new Watch() : undefined
    this.cpu = process.cpuUsage()
  }

  stop(): Measured {
    const { user, system } = process.cpuUsage(this.cpu)
    const seen = this.watch?.stop() ?? { allocatedBytes: 0, longestDelay: 0 }
    return { cpuMicroseconds: user + system, residentBytes: process.memoryUsage.rss(), ...seen }
  }
}

/**
 * Counts the bytes allocated on the JavaScript heap: what the heap grew by between collections, each seen from the
 * end of the one before to its own begin. Notes the longest delay of the event loop, to the millisecond.
 */
class Watch {
  private readonly profiler = new GCProfiler()
  private readonly delays = monitorEventLoopDelay({ resolution: 1 })
  private readonly before: number

  constructor() {
    this.profiler.start()
    this.delays.enable()
    this.before = getHeapStatistics().used_heap_size
  }

  stop(): { allocatedBytes: number; longestDelay: number } {
    const now = getHeapStatistics().used_heap_size
    this.delays.disable()
    const { statistics } = this.profiler.stop()
    let allocated = 0
    let left = this.before
    for (const { beforeGC, afterGC } of statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - left
      left = afterGC.heapStatistics.usedHeapSize
    }
    return { allocatedBytes: allocated + now - left, longestDelay: this.delays.max / 1e6 }
  }
}
