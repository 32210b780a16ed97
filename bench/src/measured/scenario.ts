import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Assignment } from './protocol.ts'

/** A scenario whose load comes from outside. */
export interface Served {
  readonly port: number
  close(): Promise<void>
}

/** A scenario that makes its own load. */
export interface Activity {
  /** Begins to do and to count operations. */
  start(): void
  /** Ends it, and returns how many there were. */
  stop(): number | Promise<number>
  /** Lets go of its connections. */
  close(): Promise<void>
}

/** Opens what is measured: a server, or a client of one. */
export type OpenScenario = (assignment: Assignment) => Promise<Served | Activity>

/** Runs many operations as one unit of work; a product that traces only inside of a trace begins one here. */
export type UnitOfWork = (work: () => Promise<void>) => Promise<void>

const OPERATIONS_PER_UNIT = 50

/** Several callers, each of which does one operation after the other. */
export class Callers implements Activity {
  /** How a unit of work is run; a variant may replace it before the scenario starts. */
  static unitOfWork: UnitOfWork = work => work()
  private readonly operate: () => Promise<unknown>
  readonly close: () => Promise<void>
  private readonly concurrency: number
  private isRunning = false
  private count = 0
  private workers: Promise<void>[] = []

  constructor(concurrency: number, operate: () => Promise<unknown>, close: () => Promise<void>) {
    this.concurrency = concurrency
    this.operate = operate
    this.close = close
  }

  start(): void {
    this.isRunning = true
    this.count = 0
    this.workers = Array.from({ length: this.concurrency }, () => this.work())
  }

  async stop(): Promise<number> {
    this.isRunning = false
    await Promise.all(this.workers)
    return this.count
  }

  private async work(): Promise<void> {
    while (this.isRunning) await Callers.unitOfWork(() => this.runUnit())
  }

  private async runUnit(): Promise<void> {
    for (let done = 0; done < OPERATIONS_PER_UNIT && this.isRunning; done++) {
      await this.operate()
      this.count++
    }
  }
}

/** Listens on a free port of 127.0.0.1. */
export function listen(server: Server): Promise<Served> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      resolve({ port, close: () => closeServer(server) })
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
