import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { PATIENCE } from './host.ts'

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly errors: string
  /** Milliseconds since the program was ready. */
  readonly duration: number
}

async function runProgram(
  url: string,
  argv: readonly string[],
  then: (child: ChildProcess) => unknown = () => {},
): Promise<Ended> {
  const child = fork(join(__dirname, 'ending-program.ts'), [...argv], {
    execArgv: [...FROM_SOURCE],
    env: { OTEL_METRICS_EXPORTER: 'none', ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: url },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const errors = child.stderr ? text(child.stderr) : Promise.resolve('')
  try {
    await Promise.race([once(child, 'message'), gone])
    const ready = performance.now()
    await then(child)
    const [code, signal] = await gone
    return { code, signal, errors: await errors, duration: performance.now() - ready }
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

const BOTH = ['first', 'second']

async function endAt(endpoint: Endpoint, ending: string): Promise<Ended> {
  return runProgram(endpoint.url, [ending])
}

describe('before the process ends, spans are sent', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'and %s ends it as without tracing',
    async signal => {
      await using endpoint = await startEndpoint()
      const ended = await runProgram(endpoint.url, ['signal'], child => child.kill(signal))
      expect(ended).toMatchObject({ code: null, signal })
      expect(endpoint.accepted()).toEqual(BOTH)
    },
    PATIENCE,
  )

  it(
    'when no work is left, and the exit code is unchanged',
    async () => {
      await using endpoint = await startEndpoint()
      expect(await endAt(endpoint, 'idle')).toMatchObject({ code: 0, signal: null, errors: '' })
      expect(await endAt(endpoint, 'exit-code')).toMatchObject({ code: 3 })
      expect(endpoint.accepted()).toEqual([...BOTH, ...BOTH])
    },
    PATIENCE,
  )

  it(
    'and a server for Prometheus does not delay the end',
    async () => {
      await using endpoint = await startEndpoint()
      process.env['OTEL_METRICS_EXPORTER'] = 'prometheus'
      process.env['OTEL_EXPORTER_PROMETHEUS_PORT'] = String(await freePort())
      const ended = await endAt(endpoint, 'idle')
      delete process.env['OTEL_METRICS_EXPORTER']
      delete process.env['OTEL_EXPORTER_PROMETHEUS_PORT']
      expect(ended).toMatchObject({ code: 0, signal: null, errors: '' })
      expect(endpoint.accepted()).toEqual(BOTH)
    },
    PATIENCE,
  )

  it.each([
    ['throw', 'RangeError: out of reach'],
    ['reject', 'RangeError: never handled'],
  ])(
    'and an uncaught exception ends it with its stack: %s',
    async (ending, message) => {
      await using endpoint = await startEndpoint()
      const { code, errors } = await endAt(endpoint, ending)
      expect(code).toBe(1)
      expect(errors).toContain(message)
      expect(errors).toContain('ending-program.ts')
      expect(endpoint.accepted()).toEqual(BOTH)
    },
    PATIENCE,
  )

  it(
    'when the app itself decides when to end after a signal',
    async () => {
      await using endpoint = await startEndpoint()
      const ended = await runProgram(endpoint.url, ['signal', 'own-listener'], child => child.kill('SIGTERM'))
      expect(ended).toMatchObject({ code: 0, signal: null })
      expect(endpoint.accepted().toSorted()).toEqual([...BOTH, 'while closing'])
    },
    PATIENCE,
  )

  it.each(['signal', 'idle', 'throw'])(
    'but an unavailable endpoint delays the end only for a limited time: %s',
    async ending => {
      const url = `http://127.0.0.1:${await freePort()}`
      const ended = await runProgram(url, [ending, 'bounded'], child => {
        if (ending === 'signal') child.kill('SIGTERM')
      })
      expect(ended.duration).toBeLessThan(4000)
      expect(ended).toMatchObject(
        {
          signal: [{ code: null, signal: 'SIGTERM' }],
          idle: [{ code: 0, signal: null }],
          throw: [{ code: 1, signal: null }],
        }[ending]?.[0] ?? {},
      )
      expect(ended.errors).toContain('2 spans were not exported by otlp http/json')
    },
    PATIENCE,
  )

  it.each(['signal', 'idle', 'throw'])(
    'but an endpoint that never responds delays the end only for flushTimeout: %s',
    async ending => {
      await using endpoint = await startEndpoint(() => {})
      process.env['OTEL_METRICS_EXPORTER'] = 'otlp'
      const ended = await runProgram(endpoint.url, [ending, 'bounded'], child => {
        if (ending === 'signal') child.kill('SIGTERM')
      })
      delete process.env['OTEL_METRICS_EXPORTER']
      expect(ended.duration).toBeLessThan(4000)
      expect(ended.errors).toMatch(/2 spans were not exported .* 0 export failed, 2 after shutdown/)
    },
    PATIENCE,
  )

  it(
    'and a second signal ends it immediately',
    async () => {
      await using endpoint = await startEndpoint(() => {})
      const ended = await runProgram(endpoint.url, ['signal'], async child => {
        child.kill('SIGTERM')
        await endpoint.arrived(1)
        child.kill('SIGTERM')
      })
      expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' })
      expect(ended.duration).toBeLessThan(4000)
    },
    PATIENCE,
  )

  it(
    'except when the app calls process.exit(), which is reported',
    async () => {
      await using endpoint = await startEndpoint()
      const { code, errors } = await endAt(endpoint, 'exit')
      expect(code).toBe(4)
      expect(errors).toMatch(/2 spans were not exported .*; last error: the process ended at once\n/)
    },
    PATIENCE,
  )
})
