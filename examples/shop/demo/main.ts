import { startKafka, startPostgres } from '@spanwright/services'
import { printTrace, type Receiver, startReceiver, type Trace, tracesOf } from '@spanwright/traces'
import type { Viewer } from '@spanwright/viewer'

import { createShop } from './database.ts'
import { forwardTo } from './forward.ts'
import { startService } from './process.ts'
import { VISITS, visit } from './requests.ts'
import { createTopic } from './topic.ts'
import { conventionFaultsOf, faultsOf } from './verdict.ts'
import { startView } from './view.ts'

/** Milliseconds to wait for the last span after the last answer. */
const ARRIVAL_TIMEOUT = 20_000
const EXPECTED_SPANS = VISITS.flatMap(({ spans }) => spans).length

const cleanups: (() => Promise<unknown>)[] = []

function say(line: string): void {
  process.stderr.write(`· ${line}\n`)
}

async function runDemo(viewer?: Viewer): Promise<boolean> {
  const endpoints = [viewer?.url, process.env['OTEL_EXPORTER_OTLP_ENDPOINT']].flatMap(each => each || [])
  const forwarders = endpoints.map(endpoint => forwardTo(endpoint, say))
  const receiver = await startReceiver({
    onRequest: body => forwarders.forEach(({ forward }) => forward(body)),
  })
  cleanups.push(receiver.stop)
  const gateway = await startShop(receiver)
  for (const each of VISITS) {
    await visit(gateway, each)
    say(`${each.method} ${each.path} → ${each.status}: ${each.what}`)
  }
  await receiver.waitUntil(spans => spans.length >= EXPECTED_SPANS, ARRIVAL_TIMEOUT)
  // What comes with the shutdown of the services belongs to the traces too.
  await cleanUp(receiver.stop)
  await Promise.all(forwarders.map(forwarder => forwarder.settled()))
  return report(tracesOf(receiver.spans()), conventionFaultsOf(receiver.spans()))
}

/** Starts everything the shop needs, then the shop. Returns where its gateway listens. */
async function startShop(receiver: Receiver): Promise<string> {
  const postgres = await startPostgres({ onProgress: say })
  cleanups.push(() => postgres.stop())
  const shop = await createShop(postgres.connectionString)
  cleanups.push(() => shop.drop())
  const kafka = await startKafka({ onProgress: say })
  cleanups.push(() => kafka.stop())
  await createTopic(kafka.brokers, 'orders.placed')

  const env = {
    DATABASE_URL: shop.connectionString,
    KAFKA_BROKERS: kafka.brokers.join(','),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: '',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  }
  const start = async (name: string, more: NodeJS.ProcessEnv): Promise<string> => {
    const service = await startService(name, { ...env, ...more })
    cleanups.push(service.stop)
    say(`${name} is ready${service.url && ` on ${service.url}`}`)
    return service.url
  }
  const [inventory, pricing] = await Promise.all([
    start('inventory', { PORT: process.env['INVENTORY_PORT'] ?? '0' }),
    start('pricing', { PORT: process.env['PRICING_PORT'] ?? '0' }),
  ])
  await start('fulfilment', { INVENTORY_URL: inventory })
  return start('gateway', {
    PORT: process.env['GATEWAY_PORT'] ?? '0',
    INVENTORY_URL: inventory,
    PRICING_ADDRESS: pricing,
  })
}

/** Prints the traces. Returns true when each is complete and follows the conventions. */
function report(traces: readonly Trace[], conventionFaults: readonly string[]): boolean {
  const colors = process.stdout.isTTY && !process.env['NO_COLOR']
  const faults = VISITS.flatMap((each, index) => {
    const trace = traces[index]
    const found = faultsOf(each, trace)
    process.stdout.write(`\n${each.method} ${each.path} → ${each.status}: ${each.what}\n`)
    if (trace)
      process.stdout.write(`${printTrace(trace, { width: process.stdout.columns ?? 120, colors })}\n`)
    return found.map(fault => `${each.what}: ${fault}`)
  })
  if (traces.length > VISITS.length) faults.push(`${traces.length - VISITS.length} unexpected traces`)
  faults.push(...conventionFaults)
  for (const fault of faults) process.stdout.write(`✗ ${fault}\n`)
  if (faults.length === 0)
    process.stdout.write('\nEvery trace is complete: one root, every parent known, no span missing.\n')
  return faults.length === 0
}

/** Undoes what was started, last first, up to and without a given step. */
async function cleanUp(until?: () => Promise<unknown>): Promise<void> {
  while (cleanups.length > 0 && cleanups.at(-1) !== until) {
    await cleanups
      .pop()?.()
      .catch((error: unknown) => say(`could not clean up: ${messageOf(error)}`))
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

let interrupted = false
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    if (interrupted) return
    interrupted = true
    say('stopping')
    void cleanUp().finally(() => process.exit(exitCode))
  })
}

async function main(): Promise<void> {
  try {
    const viewer = process.argv.includes('--view') ? await startView() : undefined
    if (viewer) say(`the traces will be at ${viewer.url}`)
    process.exitCode = (await runDemo(viewer)) ? 0 : 1
    if (viewer && !interrupted) say(`the traces are at ${viewer.url} until Ctrl+C`)
  } catch (error) {
    if (interrupted) return
    process.stderr.write(`demo: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
  if (!interrupted) await cleanUp()
}

void main()
