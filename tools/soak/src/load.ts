import { EventEmitter, once } from 'node:events'
import { Agent } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

import { type PlannedRequest, RATE, requestOf, type Schedule } from './schedule.ts'
import { type Answer, send } from './shop/request.ts'

/** At most so many requests are open at a time: a shop that is slow gets fewer, so that a fault disturbs only these. */
const MOST_OPEN = 40

/** How many times as long as planned it may take on a slow machine. The rest of the requests is left out. */
const SLOWEST = 2

/** Clients that send one request after the other under full load. */
const CLIENTS = 16

/** Quantities that tell the orders of full load from the others. */
const FULL_LOAD_FROM = 1_000_000_000

/** Requests at a steady rate. */
export class SteadyLoad {
  readonly answers: Answer[] = []
  private readonly schedule: Schedule
  private readonly news = new EventEmitter().setMaxListeners(0)
  private sent = 0
  private isOver = false

  constructor(schedule: Schedule) {
    this.schedule = schedule
  }

  /** Waits until the request of that number is sent; false when it is left out. */
  async reached(number: number, signal: AbortSignal): Promise<boolean> {
    while (this.sent < number && !this.isOver) await once(this.news, 'sent', { signal })
    return this.sent >= number
  }

  /** Sends the requests, and waits for their answers. */
  async run(address: string, signal: AbortSignal): Promise<void> {
    const { requests, seed } = this.schedule
    const interval = 1000 / RATE
    const end = performance.now() + requests * interval * SLOWEST
    const open = new Set<Promise<void>>()
    let next = performance.now()
    for (let number = 1; number <= requests && performance.now() < end; number++) {
      signal.throwIfAborted()
      if (open.size >= MOST_OPEN) await Promise.race(open)
      await wait(Math.max(0, next - performance.now()), undefined, { signal })
      // A delay is not made up for.
      next = Math.max(next, performance.now() - interval) + interval
      const answered = this.send(address, requestOf(seed, number)).finally(() => open.delete(answered))
      open.add(answered)
      this.sent = number
      this.news.emit('sent')
    }
    this.isOver = true
    this.news.emit('sent')
    await Promise.all(open)
  }

  private async send(address: string, planned: PlannedRequest): Promise<void> {
    this.answers.push(await send(address, planned))
  }
}

/** Orders one after the other from each of several clients, for some seconds. */
export async function fullLoad(address: string, seconds: number, signal: AbortSignal): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const answers: Answer[] = []
  const end = performance.now() + seconds * 1000
  let number = FULL_LOAD_FROM
  const work = async (): Promise<void> => {
    while (performance.now() < end && !signal.aborted) {
      answers.push(await send(address, { number: (number += 1), kind: 'order', abortAfter: 0 }, agent))
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, work))
  agent.destroy()
  return answers
}
