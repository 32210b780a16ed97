import { getHeapStatistics, GCProfiler } from 'node:v8'

/** Reads CPU time and, on demand, allocations between two moments. */
export class Meter {
  private cpu: NodeJS.CpuUsage = process.cpuUsage()
  private allocations: AllocationMeter | undefined

  start(countAllocations: boolean): void {
    this.allocations = countAllocations ? new AllocationMeter() : undefined
    this.cpu = process.cpuUsage()
  }

  stop(): { cpuMicroseconds: number; allocatedBytes: number } {
    const { user, system } = process.cpuUsage(this.cpu)
    return { cpuMicroseconds: user + system, allocatedBytes: this.allocations?.stop() ?? 0 }
  }
}

/**
 * Counts the bytes allocated on the JavaScript heap: what the heap grew by between collections, each seen from the
 * end of the one before to its own begin.
 */
class AllocationMeter {
  private readonly profiler = new GCProfiler()
  private readonly before: number

  constructor() {
    this.profiler.start()
    this.before = getHeapStatistics().used_heap_size
  }

  stop(): number {
    const now = getHeapStatistics().used_heap_size
    const { statistics } = this.profiler.stop()
    let allocated = 0
    let left = this.before
    for (const { beforeGC, afterGC } of statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - left
      left = afterGC.heapStatistics.usedHeapSize
    }
    return allocated + now - left
  }
}
