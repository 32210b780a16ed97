import { EventEmitter, once } from 'node:events'
import { Agent } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

import { RATE, requestOf, type Schedule } from './schedule.ts'
import { type Answer, send } from './shop/request.ts'

/** At most so many requests are open at a time; a shop that does not answer gets no more. */
const MOST_OPEN = 300

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

  constructor(schedule: Schedule) {
    this.schedule = schedule
  }

  /** Waits until the request of that number is sent. */
  async reached(number: number, signal: AbortSignal): Promise<void> {
    while (this.sent < number) await once(this.news, 'sent', { signal })
  }

  /** Sends all requests, and waits for their answers. */
  async run(address: string, signal: AbortSignal): Promise<void> {
    const began = performance.now()
    const open = new Set<Promise<void>>()
    for (let number = 1; number <= this.schedule.requests; number++) {
      signal.throwIfAborted()
      const early = began + (number * 1000) / RATE - performance.now()
      if (early > 0) await wait(early, undefined, { signal })
      if (open.size >= MOST_OPEN) await Promise.race(open)
      const answered = this.send(address, number).finally(() => open.delete(answered))
      open.add(answered)
      this.sent = number
      this.news.emit('sent')
    }
    await Promise.all(open)
  }

  private async send(address: string, number: number): Promise<void> {
    this.answers.push(await send(address, requestOf(this.schedule.seed, number)))
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
