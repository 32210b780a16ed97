import { setTimeout as wait } from 'node:timers/promises'

import type { SteadyLoad } from './load.ts'
import type { ApplicationFault, Fault, Schedule } from './schedule.ts'
import { send } from './shop/request.ts'
import { query, servicesOf, type Shop } from './shop/shop.ts'

/** A time during which a fault may change the result of a request, of `performance.now()`. */
export interface Disturbance {
  readonly kind: ApplicationFault
  readonly from: number
  /** When an order was taken again. */
  to: number
  /** When it was also shipped, which no request waits for. */
  recoveredAt: number
}

/** Longest time to recover, in milliseconds. */
const RECOVERY = 90_000

/** Quantities that tell the orders that look for recovery from the others. */
const PROBES_FROM = 2_000_000_000

/** Carries out the faults of a schedule in one shop, while requests are sent to it. */
export class FaultDriver {
  readonly disturbances: Disturbance[] = []
  /** What did not recover. */
  readonly faults: string[] = []
  private readonly shop: Shop
  private readonly load: SteadyLoad
  private readonly signal: AbortSignal
  private clock = 0
  private probes = PROBES_FROM
  private active = 0

  constructor(shop: Shop, load: SteadyLoad, signal: AbortSignal) {
    this.shop = shop
    this.load = load
    this.signal = signal
  }

  /** Whether no fault is happening. */
  get isQuiet(): boolean {
    return this.active === 0
  }

  async run({ application, collector }: Schedule): Promise<void> {
    await Promise.all([
      this.each(application, fault => this.disturb(fault)),
      this.each(collector, async ({ kind, duration }) => {
        await this.shop.collector.fail(kind)
        await this.pause(duration)
        await this.shop.collector.fail(undefined)
      }),
    ])
  }

  private async each<Kind extends string>(
    faults: readonly Fault<Kind>[],
    carryOut: (fault: Fault<Kind>) => Promise<void>,
  ): Promise<void> {
    for (const fault of faults) {
      if (!(await this.load.reached(fault.at, this.signal))) return
      this.active += 1
      await carryOut(fault)
      this.active -= 1
    }
  }

  private async disturb(fault: Fault<ApplicationFault>): Promise<void> {
    const { kind, victim } = fault
    const disturbance: Disturbance = {
      kind,
      from: performance.now(),
      to: Infinity,
      recoveredAt: Infinity,
    }
    this.disturbances.push(disturbance)
    const over = this.carryOut(fault)
    // No request waits for what ships the orders, and Kafka lets another process do so after half a minute only.
    if (kind !== 'service is killed' || victim !== 'fulfilment') await over
    const order = await this.takenOrder()
    disturbance.to = performance.now()
    await over
    if (order === undefined) this.faults.push(`no order is taken after: ${kind}`)
    else if (!(await this.isShipped(order))) this.faults.push(`no order is shipped after: ${kind}`)
    disturbance.recoveredAt = performance.now()
  }

  private async carryOut({ kind, duration, jump, victim }: Fault<ApplicationFault>): Promise<void> {
    const { postgres, kafka, services, database } = this.shop
    switch (kind) {
      case 'PostgreSQL restarts':
        await postgres.crash()
        await this.pause(duration)
        return postgres.restart()
      case 'broker restarts':
        await kafka.crash()
        await this.pause(duration)
        return kafka.restart()
      case 'handlers are slow':
        // Every handler that reads or writes orders or stock waits for its lock.
        return query(database, `BEGIN; LOCK orders, stock; SELECT pg_sleep(${duration / 1000}); COMMIT`)
      case 'clock jumps forward':
        return this.setClock(this.clock + jump)
      case 'clock jumps back':
        return this.setClock(this.clock - jump)
      case 'service is killed':
        await services[victim].kill()
        await this.pause(duration)
        return services[victim].start(this.clock)
    }
  }

  private async setClock(clock: number): Promise<void> {
    this.clock = clock
    await Promise.all(servicesOf(this.shop).map(service => service.ask({ clock })))
  }

  /** Orders until an order is taken. @returns its id */
  private async takenOrder(): Promise<string | undefined> {
    const end = performance.now() + RECOVERY
    const { address } = this.shop.services.gateway
    while (performance.now() < end) {
      const order = { number: (this.probes += 1), kind: 'order', abortAfter: 0 } as const
      const { status, body } = await send(address, order)
      if (status === 201) return (JSON.parse(body) as { readonly id: string }).id
      await this.pause(200)
    }
    return undefined
  }

  private async isShipped(id: string): Promise<boolean> {
    const end = performance.now() + RECOVERY
    const url = `http://${this.shop.services.gateway.address}/orders/${id}`
    while (performance.now() < end) {
      const response = await fetch(url, { signal: this.signal })
      const { status } = (await response.json()) as { readonly status?: string }
      if (status === 'shipped') return true
      await this.pause(100)
    }
    return false
  }

  private async pause(milliseconds: number): Promise<void> {
    await wait(milliseconds, undefined, { signal: this.signal })
  }
}
