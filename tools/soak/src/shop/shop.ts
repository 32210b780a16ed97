import { setTimeout as wait } from 'node:timers/promises'

import { createShop } from '@spanwright/example-shop/demo/database.ts'
import { createTopic } from '@spanwright/example-shop/demo/topic.ts'
import { type KafkaService, type PostgresService, startKafka, startPostgres } from '@spanwright/services'
import { Client } from 'pg'

import { type Collector, startCollector } from './collector.ts'
import { lagOf } from './effects.ts'
import { Service, type ServiceName } from './service.ts'

/** A shop with its own database, broker and collector. */
export interface Shop {
  readonly name: 'traced' | 'bare'
  readonly postgres: PostgresService
  readonly kafka: KafkaService
  /** Connection string with the schema of the shop. */
  readonly database: string
  readonly collector: Collector
  readonly services: Readonly<Record<ServiceName, Service>>
}

/**
 * The stock is for the sum of all requests, which an integer could not hold. The second order is more than the operating
 * system takes from a client that does not read.
 */
const SOAK_DATA = `
  ALTER TABLE stock ALTER available TYPE bigint;
  UPDATE stock SET available = 1e15 WHERE sku = 'teapot';
  INSERT INTO orders (sku, quantity, status) VALUES
    ('teapot', 2147483647, 'shipped'), ('teapot', 2147483647, repeat('x', 8000000));
`

/**
 * Variables of the traced services: export often, so that there is always something on its way. No collector that answers
 * needs as long as the timeout, even on a busy machine: a late answer would be a span that arrived and counts as dropped.
 */
const OTEL = {
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_TIMEOUT: '8000',
  OTEL_BSP_SCHEDULE_DELAY: '500',
  OTEL_METRIC_EXPORT_INTERVAL: '2000',
  OTEL_METRIC_EXPORT_TIMEOUT: '2000',
}

/** Starts a shop. Each thing that was started adds what undoes it to `cleanups`. */
export async function startShop(name: Shop['name'], cleanups: (() => Promise<unknown>)[]): Promise<Shop> {
  const [postgres, kafka, collector] = await Promise.all([startPostgres(), startKafka(), startCollector()])
  cleanups.push(() => Promise.all([postgres.stop(), kafka.stop(), collector.stop()]))
  const { connectionString } = await createShop(postgres.connectionString)
  await query(connectionString, SOAK_DATA)
  await createTopic(kafka.brokers, 'orders.placed')

  const isTraced = name === 'traced'
  const env = {
    DATABASE_URL: connectionString,
    KAFKA_BROKERS: kafka.brokers.join(','),
    SOAK_TRACED: isTraced ? '1' : '',
    ...(isTraced && { ...OTEL, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
  }
  const start = async (
    service: ServiceName,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Service> => {
    const started = new Service(service, { ...env, ...more })
    cleanups.push(() => started.stop())
    await started.start()
    return started
  }
  const [inventory, pricing] = await Promise.all([start('inventory'), start('pricing')])
  const addresses = { INVENTORY_URL: `http://${inventory.address}`, PRICING_ADDRESS: pricing.address }
  const [fulfilment, gateway] = await Promise.all([
    start('fulfilment', addresses),
    start('gateway', addresses),
  ])
  const services = { gateway, inventory, pricing, fulfilment }
  return { name, postgres, kafka, collector, services, database: connectionString }
}

/** Runs statements on a connection of its own. */
export async function query(connectionString: string, statements: string): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}

/** The services in the order in which they end: no new work, then what does the rest of it. */
export function servicesOf({ services }: Shop): Service[] {
  const { gateway, fulfilment, inventory, pricing } = services
  return [gateway, fulfilment, inventory, pricing]
}

/** What spans may still be on their way, in all services. */
async function busyWith(shop: Shop): Promise<string | undefined> {
  const lag = await lagOf(shop.kafka.brokers)
  if (lag > 0) return `${lag} messages are not consumed`
  for (const service of servicesOf(shop)) {
    const { counts } = (await service.ask({ standing: true })) ?? {}
    if (!counts) continue
    const open = counts.started - counts.ended - counts.unsampled
    const waiting = counts.exporters.reduce((sum, exporter) => sum + exporter.waiting, 0)
    if (open > 0) return `${open} spans of ${service.name} are open`
    if (waiting > 0) return `${waiting} spans of ${service.name} are not exported`
  }
  return undefined
}

/**
 * Waits until nothing is left to do in a shop without requests.
 * @returns what was left after a minute and a half; undefined when everything was done
 */
export async function settled(shop: Shop, signal: AbortSignal): Promise<string | undefined> {
  const end = performance.now() + 90_000
  for (;;) {
    const left = await busyWith(shop).catch(String)
    if (left === undefined || performance.now() > end) return left
    await wait(250, undefined, { signal })
  }
}
