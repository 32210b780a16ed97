// The process under test. It is told what to run by its first argument and when by messages.
import { createRequire } from 'node:module'

import type { DroppedSpans } from './dropped.ts'
import type { Assignment, Library, Reply, Request } from './protocol.ts'
import { Meter } from './readings.ts'
import type { Activity, OpenScenario, Served } from './scenario.ts'

// Not import(): what hooks into require() must see the libraries being loaded.
const load = createRequire(__filename)

type OverheadAssignment = Assignment & { readonly library: Library }

async function main(assignment: Assignment): Promise<void> {
  if (assignment.library === 'memory') return openMemory(assignment)
  const spans = await startTracing(assignment as OverheadAssignment)
  const { open } = load(`./libraries/${assignment.library}.js`) as { open: OpenScenario }
  const scenario = await open(assignment)
  const meter = new Meter()
  process.on('message', (request: Request) => {
    answer(request, scenario, meter, spans).then(tell, fail)
  })
  tell({ type: 'ready', port: 'port' in scenario ? scenario.port : 0 })
}

async function openMemory({ service, upstream = '' }: Assignment): Promise<void> {
  const { openApplication } = await import('./memory/application.ts')
  const { weigh } = await import('./memory/weight.ts')
  const application = await openApplication(service, upstream)
  process.on('message', (request: Request) => {
    if (request.type === 'exit') process.exit(0)
    if (request.type !== 'weigh') return
    weigh(application, request.snapshot).then(weight => tell({ type: 'weighed', ...weight }), fail)
  })
  tell({ type: 'ready', port: application.port })
}

async function startTracing({
  variant,
  state,
  library,
  sink,
}: OverheadAssignment): Promise<DroppedSpans | undefined> {
  if (variant === 'bare') return undefined
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
  const { registerSdk } = await import('./sdk.ts')
  const spans = registerSdk(state)
  if (variant === 'otel') {
    const { startOtel } = await import('./tracing/otel.ts')
    startOtel(library)
  }
  return spans
}

async function answer(
  request: Request,
  scenario: Served | Activity,
  meter: Meter,
  spans: DroppedSpans | undefined,
): Promise<Reply> {
  if (request.type === 'exit') process.exit(0)
  if (request.type === 'start') {
    if (spans) spans.count = 0
    meter.start(request.countAllocations)
    if ('start' in scenario) scenario.start()
    return { type: 'started' }
  }
  const operations = 'stop' in scenario ? await scenario.stop() : 0
  return { type: 'stopped', ...meter.stop(), operations, spans: spans?.count ?? 0 }
}

function tell(reply: Reply): void {
  process.send?.(reply)
}

function fail(error: unknown): void {
  tell({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}

// Whoever started this process is gone.
process.on('disconnect', () => process.exit(0))

main(JSON.parse(process.argv[2] ?? '{}') as Assignment).catch(fail)
