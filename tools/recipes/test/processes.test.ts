import { execFile, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

import { expect, it } from '@jest/globals'
import { carrierOf, type TraceFields, withSpan } from '@spanwright/core'
import { FROM_SOURCE, TYPESCRIPT } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'

import { environment, PATIENCE } from './documented.ts'

interface Answer {
  readonly sent: TraceFields
  readonly own: TraceFields
}

/** Starts tracing and responds with the traces of its work. */
const PROGRAM = join(__dirname, 'remote-program.ts')
const execArgv = [...FROM_SOURCE]

const recorder = recordTests()

it.each<[what: string, ask: () => Promise<Answer>]>([
  [
    'a spawned process',
    async () => {
      const env = { ...environment(), ...carrierOf('environment') }
      const { stdout } = await promisify(execFile)(process.execPath, [...execArgv, PROGRAM], { env })
      return JSON.parse(stdout) as Answer
    },
  ],
  [
    'a forked process',
    async () => {
      const child = fork(PROGRAM, { execArgv, env: { ...environment(), ...carrierOf('environment') } })
      const [answer] = (await once(child, 'message')) as [Answer]
      child.kill()
      await once(child, 'exit')
      return answer
    },
  ],
  [
    'a worker thread',
    async () => {
      // A thread cannot start from a TypeScript file.
      const program = [TYPESCRIPT, PROGRAM].map(file => `require(${JSON.stringify(file)})`).join(';')
      const options = { eval: true, execArgv: ['--conditions=@spanwright/source'], env: environment() }
      const worker = new Worker(program, options)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ carrier: carrierOf() })
      const [answer] = (await once(worker, 'message')) as [Answer]
      await worker.terminate()
      return answer
    },
  ],
  [
    'a worker of a cluster',
    async () => {
      cluster.setupPrimary({ exec: PROGRAM, execArgv })
      const worker = cluster.fork()
      await once(worker, 'message')
      worker.send({ carrier: carrierOf() })
      const [answer] = (await once(worker, 'message')) as [Answer]
      worker.kill()
      await once(worker, 'exit')
      return answer
    },
  ],
])(
  '%s works in the trace of its carrier',
  async (_what, ask) => {
    const { sent, own } = await withSpan('order', ask)

    const { traceId, spanId } = recorder.find({ name: 'order' })!.spanContext()
    expect(sent).toEqual({ trace_id: traceId, span_id: spanId, trace_flags: '01' })
    expect(own).toMatchObject({ trace_id: traceId, trace_flags: '01' })
    expect(own.span_id).not.toBe(spanId)
  },
  PATIENCE,
)
