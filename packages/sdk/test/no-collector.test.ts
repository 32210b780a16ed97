import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { freePort, startEndpoint } from './endpoint.ts'
import { PATIENCE } from './host.ts'

interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly errors: string
  /** Milliseconds from the second span to the end. */
  readonly duration: number
}

async function run(
  url: string,
  argv: readonly string[],
  variables: Readonly<Record<string, string | undefined>> = {},
  signal?: NodeJS.Signals,
  until?: () => Promise<unknown>,
): Promise<Run> {
  const child = fork(join(__dirname, 'watched-program.ts'), [...argv], {
    execArgv: [...FROM_SOURCE],
    env: { ...process.env, NODE_ENV: undefined, OTEL_EXPORTER_OTLP_ENDPOINT: url, ...variables },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const errors = child.stderr ? text(child.stderr) : Promise.resolve('')
  await Promise.race([once(child, 'message'), gone])
  const began = performance.now()
  if (signal) child.kill(signal)
  if (until) {
    await until()
    child.send('end')
  }
  const [code, by] = await gone
  return { code, signal: by, errors: await errors, duration: performance.now() - began }
}

/** The printed lines, without times and ids. */
function printed({ errors }: Run): string[] {
  return errors
    .split('\n')
    .filter(line => /^(trace|shop) /.test(line))
    .map(line => line.replace(/trace [\da-f]{32}/, 'trace …').replace(/ +[\d.]+ ms.*/, ''))
}

describe('without a collector', () => {
  it(
    'a developer sees the traces, and the program ends immediately',
    async () => {
      const url = `http://127.0.0.1:${await freePort()}`
      const ended = await run(url, ['terminal'])
      expect(ended).toMatchObject({ code: 0, signal: null })
      expect(ended.duration).toBeLessThan(3000)
      expect(printed(ended)).toEqual(
        [1, 2].flatMap(number => [
          'trace …  2 spans, 1 service,',
          `shop  INTERNAL order ${number}`,
          'shop  └─ INTERNAL reserve',
        ]),
      )
      const said = ended.errors.split('\n').filter(line => line.includes('no collector answers'))
      expect(said).toEqual([
        expect.stringContaining(
          `spanwright: no collector answers at ${url}/v1/traces (OTEL_EXPORTER_OTLP_ENDPOINT): ` +
            `connect ECONNREFUSED ${url.replace('http://', '')}. Until one answers, traces are printed here.`,
        ),
      ])
      expect(ended.errors).toContain('4 spans were not exported by otlp http/protobuf')
    },
    PATIENCE,
  )

  it.each<[argv: string[], variables: Record<string, string>]>([
    [['terminal'], { NODE_ENV: 'production' }],
    [['pipe'], {}],
  ])(
    'only advice is printed with %j and %j',
    async (argv, variables) => {
      const ended = await run(`http://127.0.0.1:${await freePort()}`, [...argv, 'stay'], variables, 'SIGTERM')
      expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' })
      expect(ended.duration).toBeLessThan(3000)
      expect(printed(ended)).toEqual([])
      expect(ended.errors).toMatch(
        /no collector answers at .*: connect ECONNREFUSED .* Print traces with exporter: 'console'/,
      )
    },
    PATIENCE,
  )

  it.each([
    ['stalls', startEndpoint(() => {})],
    ['answers 503', startEndpoint(response => void response.writeHead(503).end())],
  ])(
    'or with one that %s, a batch in transit keeps a program alive for at most flushTimeout',
    async (_what, starting) => {
      await using endpoint = await starting
      const variables = { OTEL_METRICS_EXPORTER: 'none', OTEL_BSP_SCHEDULE_DELAY: '1' }
      const ended = await run(endpoint.url, ['pipe', 'told', '300ms'], variables, undefined, () =>
        endpoint.arrived(1),
      )
      expect(ended).toMatchObject({ code: 0, signal: null })
      expect(ended.duration).toBeLessThan(4000)
      expect(ended.errors).toMatch(/4 spans were not exported .* 0 export failed, 4 after shutdown/)
    },
    PATIENCE,
  )

  it(
    'metrics are still sent at the end of a program, even when no span waits',
    async () => {
      await using endpoint = await startEndpoint()
      const ended = await run(endpoint.url, ['pipe'], { OTEL_TRACES_EXPORTER: 'none' })
      expect(ended).toMatchObject({ code: 0, errors: '' })
      expect(endpoint.arrivals.at(-1)).toMatchObject({ path: '/v1/metrics' })
    },
    PATIENCE,
  )

  it.each(['SIGHUP', 'SIGQUIT'] as const)(
    'and with one that works, %s loses no spans',
    async signal => {
      await using endpoint = await startEndpoint()
      const ended = await run(
        endpoint.url,
        ['pipe', 'stay'],
        { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
        signal,
      )
      expect(ended).toMatchObject({ code: null, signal })
      expect(endpoint.accepted().toSorted()).toEqual(['order 1', 'order 2', 'reserve', 'reserve'])
    },
    PATIENCE,
  )
})
