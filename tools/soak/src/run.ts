import { setTimeout as wait } from 'node:timers/promises'

import type { SpanCounts } from '@spanwright/sdk'

import type { Results } from './checks/results.ts'
import { FaultDriver } from './faults.ts'
import { fullLoad, SteadyLoad } from './load.ts'
import type { Schedule } from './schedule.ts'
import type { SoakSpan } from './shop/collector.ts'
import { readEffects } from './shop/effects.ts'
import type { Answer } from './shop/request.ts'
import type { Life } from './shop/service.ts'
import { servicesOf, settled, type Shop } from './shop/shop.ts'

/** Everything that was observed of one shop. */
export interface Run extends Results {
  readonly name: Shop['name']
  readonly lives: readonly Life[]
  /** Times in which something did not recover or was not done. */
  readonly faults: readonly string[]
  readonly spans: readonly SoakSpan[]
  readonly conventionFaults: ReadonlySet<string>
  /** Requests to the collector by their answer. */
  readonly collectorAnswers: Readonly<Record<string, number>>
  /** With tracing only. */
  readonly fullLoad: FullLoad | undefined
}

export interface FullLoad {
  readonly answers: readonly Answer[]
  readonly seconds: number
  /** Counts of the services before and after it. */
  readonly before: ReadonlyMap<string, SpanCounts>
  readonly after: ReadonlyMap<string, SpanCounts>
}

/** Runs the whole schedule in a shop that has been started, and stops its services. */
export async function runShop(
  shop: Shop,
  schedule: Schedule,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Run> {
  const { collector } = shop
  const faults: string[] = []
  const settle = async (when: string): Promise<void> => {
    const left = await settled(shop, signal)
    if (left !== undefined) faults.push(`${when}: ${left}`)
  }
  const load = new SteadyLoad(schedule)
  const driver = new FaultDriver(shop, load, signal)
  const measuring = measureUntilStopped(shop, driver, schedule)
  await Promise.all([load.run(shop.services.gateway.address, signal), driver.run(schedule)])
  await settle('after the requests')
  await measuring.stop()
  say(`${load.answers.length} requests answered, ${driver.disturbances.length} faults of the application`)

  const full = shop.name === 'traced' ? await runFullLoad(shop, schedule.fullLoad, signal, settle) : undefined
  const effects = await readEffects(shop.database, shop.kafka.brokers)
  const services = servicesOf(shop)
  for (const service of services) await service.stop()
  say('the shop is closed')
  return {
    name: shop.name,
    answers: load.answers,
    disturbances: driver.disturbances,
    effects,
    lives: services.flatMap(({ lives }) => lives),
    faults: [...driver.faults, ...faults],
    spans: collector.spans,
    conventionFaults: collector.conventionFaults,
    collectorAnswers: collector.answers,
    fullLoad: full,
  }
}

async function runFullLoad(
  shop: Shop,
  seconds: number,
  signal: AbortSignal,
  settle: (when: string) => Promise<void>,
): Promise<FullLoad> {
  const before = await countsOf(shop)
  const answers = await fullLoad(shop.services.gateway.address, seconds, signal)
  await settle('after full load')
  return { answers, seconds, before, after: await countsOf(shop) }
}

async function countsOf(shop: Shop): Promise<Map<string, SpanCounts>> {
  const counts = new Map<string, SpanCounts>()
  for (const service of servicesOf(shop)) {
    const standing = await service.ask({ standing: true })
    if (standing?.counts) counts.set(service.name, standing.counts)
  }
  return counts
}

/** Measures the memory of all services again and again, while no fault is happening. */
function measureUntilStopped(
  shop: Shop,
  driver: FaultDriver,
  { requests }: Schedule,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const interval = Math.min(5000, Math.max(500, requests / 2))
  const done = (async () => {
    while (!stopping.signal.aborted) {
      await wait(interval, undefined, { signal: stopping.signal }).catch(() => {})
      if (driver.isQuiet) await Promise.all(servicesOf(shop).map(service => service.measure()))
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await done
    },
  }
}
