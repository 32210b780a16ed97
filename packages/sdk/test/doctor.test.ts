import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { TracingReport } from '../src/index.ts'
import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { PATIENCE } from './host.ts'

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
  /** What was reported after the shutdown, if there was one. */
  readonly afterwards?: TracingReport
  /** The lines that the program wrote to standard error. */
  readonly said: readonly string[]
}

async function visit(plan: object, variables: Readonly<Record<string, string>> = {}): Promise<Visit> {
  const child = fork(join(__dirname, 'doctor-program.ts'), [JSON.stringify(plan)], {
    execArgv: [...FROM_SOURCE],
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
  const [told] = (await Promise.race([once(child, 'message'), gone])) as [Omit<Visit, 'said'>]
  const [code, signal] = (await gone) as [number | null, string | null]
  const said = (await output).join('').split('\n').filter(Boolean)
  expect({ ended: code ?? signal, said }).toMatchObject({ ended: signal ?? 0 })
  return { ...told, said }
}

/** A second copy of the API, as when a dependency has its own; from 1.10 on its files have other paths. */
async function copyApi(built: 'build/src/index.js' | 'dist/index.cjs'): Promise<string> {
  const main = createRequire(__filename).resolve('@opentelemetry/api')
  const root = main.slice(0, main.lastIndexOf(join('api', 'build')) + 'api'.length)
  const copy = join(folder, built.slice(0, 1), 'node_modules', '@opentelemetry', 'api')
  if (built.startsWith('build')) await cp(root, copy, { recursive: true, dereference: true })
  else {
    await cp(join(root, 'build', 'src'), join(copy, 'dist'), { recursive: true, dereference: true })
    await rename(join(copy, 'dist', 'index.js'), join(copy, 'dist', 'index.cjs'))
    await writeFile(join(copy, 'package.json'), JSON.stringify({ main: built }))
  }
  return copy
}

describe('the report of a program', () => {
  it(
    'names what is traced, and finds no problems in a correct set-up, nor after the shutdown',
    async () => {
      const { report, afterwards, said } = await visit({ tracesUndici: true, serves: 'before' })
      expect(report.entryPoints).toEqual({
        '@spanwright/core withSpan()': { calls: 1, operations: 1 },
        '@spanwright/express tracing()': { calls: 1, operations: 2 },
        '@spanwright/undici traceUndici()': { calls: 2, operations: expect.any(Number) },
      })
      expect(report.problems).toEqual([])
      expect(afterwards?.problems).toEqual([])
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it.each(['build/src/index.js', 'dist/index.cjs'] as const)(
    'warns about two copies of the API, with their paths: %s',
    async built => {
      const copy = await copyApi(built)
      const { report } = await visit({ loads: [copy] })
      expect(report.problems).toEqual([
        expect.stringMatching(
          /^2 copies of @opentelemetry\/api are loaded \(in use: 1\.\d+\.\d+\): .*, .*; deduplicate them with npm dedupe/,
        ),
      ])
      expect(report.problems[0]).toContain(copy)
    },
    PATIENCE,
  )

  it.each<[what: string, plan: object, variables: Record<string, string>, problem: string]>([
    [
      'no context manager',
      { hasNoContextManager: true },
      {},
      'no context manager is active: spans will not find their parents; startTracing() registers one, ' +
        'and so does register() of NodeTracerProvider',
    ],
    [
      'a second instrumentation that creates spans',
      { instruments: true, tracesUndici: true },
      {},
      '@opentelemetry/instrumentation-undici makes spans beside @spanwright/undici traceUndici(): ' +
        'with both, undici is traced twice; switch one of them off',
    ],
    [
      'a sampler that samples nothing',
      { samplesNothing: true },
      {},
      'not one of 2 spans was sampled, by alwaysOff: look at the option sampler, at OTEL_TRACES_SAMPLER, and at what ' +
        'the callers of this service decide',
    ],
    [
      'an SDK that is disabled',
      {},
      { OTEL_SDK_DISABLED: 'true' },
      'OTEL_SDK_DISABLED=true: nothing is recorded; unset it to trace',
    ],
  ])(
    'names %s, and how to fix it',
    async (_what, plan, variables, problem) => {
      expect((await visit(plan, variables)).report.problems).toEqual([problem])
    },
    PATIENCE,
  )

  it(
    'does not mention instrumentations that are loaded and create no spans',
    async () => {
      const loads = ['@opentelemetry/instrumentation-undici', '@opentelemetry/instrumentation-pg']
      expect((await visit({ loads, tracesUndici: true })).report.problems).toEqual([])
    },
    PATIENCE,
  )

  it.each([
    ['after', 'none of 2 responses passed tracing()'],
    ['in a router', '1 of 2 responses of a server began without passing tracing()'],
  ])(
    'names a misplaced tracing() (%s), while SPANWRIGHT_DEBUG=1 counts responses',
    async (serves, found) => {
      const problem = `${found}: put app.use(tracing()) before the routes, on the app that listens, not on one of its routers`
      expect((await visit({ serves }, { SPANWRIGHT_DEBUG: '1' })).report.problems).toEqual([problem])
      expect((await visit({ serves })).report.problems).toEqual([])
    },
    PATIENCE,
  )

  it.each(['shut down', 'by itself', 'at once', 'by a signal'])(
    'is printed once by SPANWRIGHT_DEBUG=1 when a program ends %s: an unused result of traceFetch()',
    async ends => {
      const { report, said } = await visit({ dropsFetch: true, ends }, { SPANWRIGHT_DEBUG: '1' })
      expect(report.problems).toEqual([])
      expect(said.slice(1)).toEqual([
        'spanwright: 2 spans started, 2 ended, 0 unsampled, 0 sampled out; ' +
          'otlp http/protobuf: 2 exported, 0 dropped; ' +
          'traced by @spanwright/undici traceFetch() (0 operations), @spanwright/core withSpan() (1 operations)',
        'spanwright: @spanwright/undici traceFetch() was set up and never used: ' +
          'make the calls with what it returned; a process-wide one must come before the calls',
      ])
    },
    PATIENCE,
  )

  it.each(['by itself', 'at once'])(
    'is also available with another SDK, and printed when the program ends %s',
    async ends => {
      const plan = { isForeign: true, dropsFetch: true, serves: 'in a router', ends }
      const { report, said } = await visit(plan, { SPANWRIGHT_DEBUG: '1' })
      const misplaced = expect.stringContaining(
        '1 of 2 responses of a server began without passing tracing()',
      )
      expect(report.problems).toEqual([misplaced])
      expect(said).toEqual([
        'spanwright: traced by @spanwright/undici traceFetch() (0 operations), ' +
          '@spanwright/express tracing() (1 operations), @spanwright/core withSpan() (1 operations)',
        misplaced,
        'spanwright: @spanwright/undici traceFetch() was set up and never used: ' +
          'make the calls with what it returned; a process-wide one must come before the calls',
      ])
    },
    PATIENCE,
  )

  it(
    'is printed by SPANWRIGHT_DEBUG=1: the set-up at the start, the outcome at the end',
    async () => {
      const { said } = await visit({ tracesUndici: true }, { SPANWRIGHT_DEBUG: '1' })
      expect(said).toEqual([
        'spanwright: traces patient, sampled by parentBased(alwaysOn), ' +
          `to otlp http/protobuf ${endpoint.url}/v1/traces, ` +
          'propagated in traceparent, tracestate, baggage; metrics to no exporter',
        'spanwright: 3 spans started, 3 ended, 0 unsampled, 0 sampled out; ' +
          'otlp http/protobuf: 3 exported, 0 dropped; ' +
          'traced by @spanwright/undici traceUndici() ×2 (1 operations), @spanwright/core withSpan() (1 operations)',
      ])
    },
    PATIENCE,
  )

  it(
    'is printed with its problems: an endpoint that refuses connections',
    async () => {
      const url = `http://127.0.0.1:${await freePort()}`
      const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TIMEOUT: '300' }
      const { said } = await visit({}, { SPANWRIGHT_DEBUG: '1', ...variables })
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
