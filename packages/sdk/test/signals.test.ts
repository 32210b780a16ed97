import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { startEndpoint } from './endpoint.ts'
import { PATIENCE } from './host.ts'

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The output of the application. */
  readonly said: string
}

/** Runs a program with an open request, sends it a signal and waits for its end. */
async function endBy(url: string, signal: NodeJS.Signals, argv: readonly string[]): Promise<Ended> {
  const child = fork(join(__dirname, 'signal-program.ts'), [...argv], {
    execArgv: [...FROM_SOURCE],
    env: { OTEL_METRICS_EXPORTER: 'none', ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: url },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const said = text(child.stdout!)
  try {
    await Promise.race([once(child, 'message'), gone])
    child.kill(signal)
    const [code, by] = await gone
    return { code, signal: by, said: await said }
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

const KINDS = ['on', 'once', 'prependListener', 'prependOnceListener', 'two']

/** Which tracing is set up first, when the application listens, how, and how it ends. */
const CASES = [
  ['server first', 'before', 'none', 'close'],
  ['tracing first', 'before', 'none', 'close'],
  ...['before', 'after'].flatMap(order =>
    KINDS.map((kind, i) => [i % 2 ? 'server first' : 'tracing first', order, kind, 'close'] as const),
  ),
] as const

describe('a process that is asked to end while a request is open', () => {
  it.each(CASES)(
    'ends as without tracing, after all spans were sent: %s, listens %s by %s',
    async (...[tracing, order, kind, ending]) => {
      await using endpoint = await startEndpoint()
      const rest = [order, kind, ending]
      const untraced = await endBy(endpoint.url, 'SIGTERM', ['untraced', ...rest])
      const traced = await endBy(endpoint.url, 'SIGTERM', [tracing, ...rest])

      expect(traced).toEqual(untraced)
      expect(untraced.said).toBe({ none: '', two: 'told\nclosing\nclosed\n' }[kind] ?? 'closing\nclosed\n')
      expect(endpoint.accepted().toSorted()).toEqual(['GET', 'first'])
    },
    PATIENCE,
  )

  it.each([
    ['before', 'signal-exit 3'],
    ['after', 'signal-exit 4'],
    ['before', 'signal-exit 3 and signal-exit 4'],
    ['after', 'on and signal-exit 4'],
  ])(
    'ends as without tracing beside a library that counts listeners: listens %s by %s',
    async (order, kind) => {
      await using endpoint = await startEndpoint()
      const untraced = await endBy(endpoint.url, 'SIGTERM', ['untraced', order, kind, 'close'])
      const traced = await endBy(endpoint.url, 'SIGTERM', ['tracing first', order, kind, 'close'])

      expect(traced).toEqual(untraced)
      expect(untraced.said).toContain('exit')
      expect(endpoint.accepted().toSorted()).toEqual(['GET', 'first'])
    },
    PATIENCE,
  )

  it.each([
    ['before', 'once'],
    ['after', 'prependOnceListener'],
    ['before', 'none'],
  ])(
    'ends as without tracing by SIGINT, even when the open request is not finished: listens %s by %s',
    async (order, kind) => {
      await using endpoint = await startEndpoint()
      const untraced = await endBy(endpoint.url, 'SIGINT', ['untraced', order, kind, 'close'])
      const traced = await endBy(endpoint.url, 'SIGINT', ['tracing first', order, kind, 'close'])

      expect(traced).toEqual(untraced)
      expect(endpoint.accepted()).toContain('first')
    },
    PATIENCE,
  )

  it.each(['before', 'after'])(
    'has the exit code of a listener that exits immediately: listens %s',
    async order => {
      await using endpoint = await startEndpoint()

      expect(await endBy(endpoint.url, 'SIGTERM', ['tracing first', order, 'on', 'exit'])).toEqual({
        code: 3,
        signal: null,
        said: 'closing\n',
      })
    },
    PATIENCE,
  )
})
