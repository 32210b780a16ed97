// The process under test. Its first argument says what to run, and when is said by messages.
import { createRequire } from 'node:module'

import type { Assignment, Library, Reply, Request } from './protocol.ts'
import { Meter } from './readings.ts'
import type { Activity, OpenScenario, Served } from './scenario.ts'
import type { Telemetry } from './sdk/telemetry.ts'

// Not import(): what hooks into require() must see the libraries being loaded.
const load = createRequire(__filename)

type OverheadAssignment = Assignment & { readonly library: Library }

async function main(assignment: Assignment): Promise<void> {
  if (assignment.library === 'memory') return openMemory(assignment)
  const telemetry = await startTracing(assignment as OverheadAssignment)
  const { open } = load(`./libraries/${assignment.library}.js`) as { open: OpenScenario }
  const scenario = await open(assignment)
  const meter = new Meter()
  process.on('message', (request: Request) => {
    answer(request, scenario, meter, telemetry).then(tell, fail)
  })
  ready(scenario)
}

async function openMemory(assignment: Assignment): Promise<void> {
  const { openApplication } = await import('./memory/application.ts')
  const { weigh } = await import('./memory/weight.ts')
  const application = await openApplication(assignment)
  process.on('message', (request: Request) => {
    if (request.type === 'exit') process.exit(0)
    if (request.type !== 'weigh') return
    weigh(application, request.snapshot).then(weight => tell({ type: 'weighed', ...weight }), fail)
  })
  ready(application)
}

async function startTracing(assignment: OverheadAssignment): Promise<Telemetry | undefined> {
  const { variant, state, library, sink } = assignment
  if (variant === 'dd-trace') {
    const { startDatadog } = await import('./tracing/datadog.ts')
    startDatadog(state, sink)
    return undefined
  }
  if (variant === 'sentry') {
    const { startSentry } = await import('./tracing/sentry.ts')
    startSentry(state, sink)
    return undefined
  }
  const isOtel = variant === 'otel' || variant === 'otel-lean'
  if (isOtel) {
    const { startOtel } = await import('./tracing/otel.ts')
    startOtel(library, variant === 'otel-lean')
  }
  if (variant === 'bare' || variant === 'pass-through' || state === 'none') return undefined
  if (isOtel || variant === 'by-hand-otel') {
    return (await import('./sdk/opentelemetry.ts')).registerOpenTelemetry(state, sink)
  }
  return (await import('./sdk/spanwright.ts')).startSpanwright(state, sink)
}

let recordedBefore = 0

async function answer(
  request: Request,
  scenario: Served | Activity,
  meter: Meter,
  telemetry: Telemetry | undefined,
): Promise<Reply> {
  if (request.type === 'exit') process.exit(0)
  if (request.type === 'flush') {
    await telemetry?.flush()
    return { type: 'flushed', recorded: telemetry?.recorded ?? 0 }
  }
  if (request.type === 'start') {
    recordedBefore = telemetry?.recorded ?? 0
    meter.start(request.watched)
    if ('start' in scenario) scenario.start()
    return { type: 'started' }
  }
  const operations = 'stop' in scenario ? await scenario.stop() : 0
  const recorded = (telemetry?.recorded ?? 0) - recordedBefore
  return { type: 'stopped', ...meter.stop(), operations, recorded }
}

function ready(scenario: object): void {
  const port = 'port' in scenario ? (scenario.port as number) : 0
  tell({ type: 'ready', port, startUp: performance.now() })
}

function tell(reply: Reply): void {
  process.send?.(reply)
}

function fail(error: unknown): void {
  tell({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}

// The process that started this one is gone.
process.on('disconnect', () => process.exit(0))

main(JSON.parse(process.argv[2] ?? '{}') as Assignment).catch(fail)
