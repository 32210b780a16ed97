import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import type { TracingReport } from '../src/index.ts'
import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { PATIENCE, RUN_FROM_SOURCE } from './host.ts'

let endpoint: Endpoint
let folder: string

beforeAll(async () => {
  endpoint = await startEndpoint()
  folder = await mkdtemp(join(tmpdir(), 'spanwright-doctor-'))
})

afterAll(async () => {
  await endpoint[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

interface Visit {
  readonly report: TracingReport
  /** What the program wrote to standard error, a line each. */
  readonly said: readonly string[]
}

async function visit(plan: object, variables: Readonly<Record<string, string>> = {}): Promise<Visit> {
  const child = fork(join(__dirname, 'doctor-program.ts'), [JSON.stringify(plan)], {
    execArgv: [...RUN_FROM_SOURCE],
    env: {
      ...process.env,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const output = Promise.all(
    [child.stdout, child.stderr].map(stream => (stream ? text(stream) : Promise.resolve(''))),
  )
  const gone = once(child, 'exit')
  const [report] = (await Promise.race([once(child, 'message'), gone])) as [TracingReport]
  const [code] = (await gone) as [number | null]
  const said = (await output).join('').split('\n').filter(Boolean)
  expect({ code, said }).toMatchObject({ code: 0 })
  return { report, said }
}

/** A second copy of the API, as it is there when a dependency brings its own. */
async function copyApi(): Promise<string> {
  const main = createRequire(__filename).resolve('@opentelemetry/api')
  const root = main.slice(0, main.lastIndexOf(join('api', 'build')) + 'api'.length)
  const copy = join(folder, 'node_modules', '@opentelemetry', 'api')
  await cp(root, copy, { recursive: true, dereference: true })
  return copy
}

describe('the report of a program', () => {
  it(
    'names what traces there, and finds nothing wrong where all is well',
    async () => {
      const { report, said } = await visit({ tracesUndici: true })
      expect(report.entryPoints).toEqual({
        '@spanwright/core withSpan()': 1,
        '@spanwright/undici traceUndici()': 2,
      })
      expect(report.problems).toEqual([])
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it(
    'warns of two copies of the API, by their places',
    async () => {
      const copy = await copyApi()
      const { report } = await visit({ loads: [copy] })
      expect(report.problems).toEqual([
        expect.stringMatching(/^2 copies of @opentelemetry\/api are loaded \(in use: 1\.\d+\.\d+\): .*, /),
      ])
      expect(report.problems[0]).toContain(copy)
    },
    PATIENCE,
  )

  it(
    'warns when no context manager is active',
    async () => {
      const { report } = await visit({ hasNoContextManager: true })
      expect(report.problems).toEqual(['no context manager is active: spans will not find their parents'])
    },
    PATIENCE,
  )

  it(
    'warns of a second instrumentation only of what is traced here too',
    async () => {
      const loads = ['@opentelemetry/instrumentation-undici', '@opentelemetry/instrumentation-pg']
      const { report } = await visit({ loads, tracesUndici: true })
      expect(report.problems).toEqual([
        '@opentelemetry/instrumentation-undici is loaded beside @spanwright/undici traceUndici(): ' +
          'with both, undici is traced twice',
      ])
      expect((await visit({ loads })).report.problems).toEqual([])
    },
    PATIENCE,
  )

  it(
    'is said by SPANWRIGHT_DEBUG=1: the set-up at the start, what came of it at the end',
    async () => {
      const { said } = await visit({ tracesUndici: true }, { SPANWRIGHT_DEBUG: '1' })
      expect(said).toEqual([
        'spanwright: traces patient, sampled by parentBased(alwaysOn), ' +
          `to otlp http/protobuf ${endpoint.url}/v1/traces, ` +
          'propagated in traceparent, tracestate, baggage; metrics to nobody',
        'spanwright: 2 spans started, 2 ended, 0 unsampled, 0 sampled out; ' +
          'otlp http/protobuf: 2 exported, 0 dropped; ' +
          'traced by @spanwright/undici traceUndici() ×2, @spanwright/core withSpan()',
      ])
    },
    PATIENCE,
  )

  it(
    'is said with its problems: an endpoint that refuses',
    async () => {
      const url = `http://127.0.0.1:${await freePort()}`
      const { said } = await visit({}, { SPANWRIGHT_DEBUG: '1', OTEL_EXPORTER_OTLP_ENDPOINT: url })
      for (const line of [
        expect.stringContaining(`to otlp http/protobuf ${url}/v1/traces`),
        expect.stringMatching(/2 spans were not exported by otlp http\/protobuf .*ECONNREFUSED/),
        expect.stringContaining('otlp http/protobuf: 0 exported, 2 dropped; traced by'),
        expect.stringMatching(/^spanwright: otlp http\/protobuf failed: .*ECONNREFUSED/),
      ]) {
        expect(said).toContainEqual(line)
      }
    },
    PATIENCE,
  )
})
