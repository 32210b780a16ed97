import { type Behaviour, freePort, startEndpoint, succeed } from './endpoint.ts'
import { startLoadedApp } from './load.ts'

// Run manually: an app under load for the given seconds (60) with each fault, then a working endpoint, then SIGTERM.
const SECONDS = Number(process.argv[2] ?? 60)
const RECOVERY = 10

const FAULTS: Readonly<Record<string, Behaviour | undefined>> = {
  none: succeed,
  down: undefined,
  slow: (response, request, index) => void setTimeout(() => succeed(response, request, index), 2000),
  '503 with Retry-After': response => void response.writeHead(503, { 'retry-after': '1' }).end(),
  'closing mid-body': response => {
    response.writeHead(503, { 'content-length': '100' })
    response.write('half')
    setImmediate(() => response.destroy())
  },
  'wrong content': response =>
    void response.writeHead(400, { 'content-type': 'text/html' }).end('<h1>no</h1>'),
  'never answering': () => {},
}

function seconds(count: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, count * 1000)
  })
}

async function suffer(fault: string, misbehave: Behaviour | undefined): Promise<Record<string, unknown>> {
  let isHealthy = false
  const behave: Behaviour = (...request) => (isHealthy ? succeed : (misbehave ?? succeed))(...request)
  const port = await freePort()
  await using endpoint = misbehave && (await startEndpoint(behave, port))
  const exporter = { protocol: 'http/json', url: `http://127.0.0.1:${port}` } as const
  await using app = await startLoadedApp({ exporter })
  const before = await app.settled()
  await seconds(SECONDS / 2)
  const half = await app.settled()
  await seconds(SECONDS / 2)
  const after = await app.settled()
  isHealthy = true
  await using late = endpoint ? undefined : await startEndpoint(succeed, port)
  await seconds(RECOVERY)
  const { end, answers, code } = await app.terminate()
  const { counts } = end
  const [queue] = counts.exporters
  const { queueFull = 0, failed = 0, shutDown = 0 } = queue?.dropped ?? {}
  const durations = answers.durations.toSorted((a, b) => a - b)
  const at = (share: number): string => (durations[Math.floor(durations.length * share)] ?? 0).toFixed(1)
  const megabytes = [before, half, after, end].map(({ heap }) => (heap / 2 ** 20).toFixed(1))
  return {
    fault,
    answers: answers.right,
    wrong: answers.wrong.length,
    'p50 / p99 ms': `${at(0.5)} / ${at(0.99)}`,
    'heap MB (start, half, end of fault)': megabytes.slice(0, 3).join(', '),
    started: counts.started,
    unsampled: counts.unsampled,
    exported: queue?.exported,
    queueFull,
    failed,
    shutDown,
    unaccounted:
      counts.started -
      counts.unsampled -
      counts.sampledOut -
      (queue?.exported ?? 0) -
      queueFull -
      failed -
      shutDown,
    'accepted by the endpoint': (endpoint ?? late)?.accepted().length,
    code,
  }
}

async function main(): Promise<void> {
  for (const [fault, behave] of Object.entries(FAULTS)) {
    process.stdout.write(`${JSON.stringify(await suffer(fault, behave))}\n`)
  }
}

void main()
