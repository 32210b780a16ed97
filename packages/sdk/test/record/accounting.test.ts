import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import * as fc from 'fast-check'

import { type SpanCounts, startTracing, type StartTracingOptions } from '../../src/index.ts'
import { collectDiag, FROM_SOURCE } from '@spanwright/test-kit'
import type { SpanProcessor } from '../../src/record/types.ts'
import { collect } from '../collector.ts'
import { type Behaviour, startEndpoint, succeed } from '../endpoint.ts'
import { PATIENCE } from '../host.ts'
import { decodeRequest, spansIn } from './otlp-decoder.ts'

/** What an endpoint can do with a batch. */
const ANSWERS: Readonly<Record<string, Behaviour>> = {
  accepts: succeed,
  refuses: response => void response.writeHead(400).end(),
  'finds it too large': response => void response.writeHead(413).end(),
  'has it come later': response => void response.writeHead(503, { 'retry-after': '0' }).end(),
  'closes the connection': response => void response.destroy(),
}

type Step =
  | { readonly do: 'start' | 'fail' | 'flush'; readonly which: number }
  | { readonly do: 'end'; readonly which: number; readonly length: number }

const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('start' as const), which: fc.nat(9) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(9),
      length: fc.integer({ min: 0, max: 3000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const), which: fc.constant(0) }) },
)

const SETUPS: readonly Omit<StartTracingOptions, 'exporter'>[] = [
  {},
  { keep: { otherwise: 0.5, maxSpans: 4 } },
  { sampler: { shouldSample: (_context, id) => ({ decision: Number.parseInt(id.slice(-1), 16) % 3 }) } },
]

/** Each ended span is counted in exactly one place. */
function accountOf({ started, unsampled, ended, sampledOut, exporters, localTraces }: SpanCounts): {
  readonly asked: number
  readonly found: number
  readonly waiting: number
} {
  const [exporter] = exporters
  if (!exporter) throw new Error('no exporter')
  const dropped = Object.values(exporter.dropped).reduce((sum, count) => sum + count, 0)
  const found = unsampled + sampledOut + exporter.exported + exporter.waiting + dropped
  expect(ended).toBe(found - unsampled)
  return { asked: started, found: found + (localTraces?.held ?? 0), waiting: exporter.waiting }
}

let said: ReturnType<typeof collectDiag>

beforeAll(() => {
  said = collectDiag()
})

afterAll(() => said.stop())

describe('every requested span is accounted for', () => {
  it(
    'at any time, whatever the endpoint does',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...SETUPS),
          fc.array(aStep, { minLength: 5, maxLength: 60 }),
          fc.infiniteStream(fc.constantFrom(...Object.keys(ANSWERS))),
          async (setup, steps, answers) => {
            await using endpoint = await startEndpoint((...request) =>
              ANSWERS[answers.next().value]?.(...request),
            )
            const tracing = startTracing({
              ...setup,
              exporter: { url: endpoint.url, timeout: 300 },
              batch: { maxQueueSize: 8, maxBatchSize: 3, maxQueueBytes: 9000, maxBatchBytes: 4000, delay: 5 },
              metrics: false,
              flushOnExit: false,
              flushTimeout: '2s',
            })
            const open = new Map<number, Span>()
            let recording = 0
            for (const step of steps) {
              const span = open.get(step.which)
              if (step.do === 'start' && !span) {
                const parent = [...open.values()].at(-1)
                const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT
                const begun = trace.getTracer('test').startSpan('one', {}, context)
                open.set(step.which, begun)
                if (begun.isRecording()) recording += 1
              } else if (step.do === 'end' && span) {
                if (span.isRecording()) recording -= 1
                span.setAttribute('text', 'x'.repeat(step.length)).end()
                open.delete(step.which)
              } else if (step.do === 'fail') span?.setStatus({ code: SpanStatusCode.ERROR })
              else if (step.do === 'flush') await tracing.forceFlush().catch(() => {})
              const { asked, found, waiting } = accountOf(tracing.counts())
              expect(found + recording).toBe(asked)
              expect(waiting).toBeLessThanOrEqual(8)
            }
            await tracing.shutdown()
            for (const span of open.values()) span.end()
            const { asked, found, waiting } = accountOf(tracing.counts())
            expect([found, waiting]).toEqual([asked, 0])
            const counted = tracing.counts().exporters[0]?.exported ?? 0
            const arrived = endpoint.arrivals.flatMap(({ body }) => spansIn(decodeRequest(body))).length
            expect(arrived).toBeGreaterThanOrEqual(counted)
          },
        ),
        { numRuns: 40 },
      )
    },
    2 * PATIENCE,
  )

  it.each<[how: string, options: StartTracingOptions]>([
    ['in bytes', { exporter: { url: 'http://127.0.0.1:1/' } }],
    [
      'in bytes, after a decision on its trace',
      { exporter: { url: 'http://127.0.0.1:1/' }, keep: { otherwise: 1 } },
    ],
    ['as an object', { exporter: collect().exporter }],
    ['as an object, redacted', { exporter: collect().exporter, redact: [/secret/] }],
  ])('when a processor makes it impossible to encode %s', async (_how, options) => {
    const spanProcessor: SpanProcessor = {
      onStart: () => {},
      onEnding: span => void (span.name === 'one' && Object.assign(span, { name: 5 })),
      onEnd: () => {},
      forceFlush: async () => {},
      shutdown: async () => {},
    }
    await using tracing = startTracing({
      ...options,
      spanProcessors: [spanProcessor],
      metrics: false,
      flushOnExit: false,
    })
    const root = trace.getTracer('test').startSpan('root', {}, ROOT_CONTEXT)
    trace.getTracer('test').startSpan('one', {}, trace.setSpan(ROOT_CONTEXT, root)).end()
    root.end()
    const { counts, problems } = tracing.report()
    expect(counts).toMatchObject({
      started: 2,
      ended: 2,
      exporters: [{ dropped: { notEncoded: 1, queueFull: 0 } }],
    })
    expect(problems).toContainEqual(expect.stringMatching(/^1 spans could not be encoded for /))
    await tracing.shutdown()
    expect(said.lines).toContainEqual(
      expect.stringMatching(/spans were not exported .*0 queue full, 1 not encodable, \d export failed/),
    )
  })

  it(
    'when spans end while others are flushed: none is lost or sent twice',
    async () => {
      await using endpoint = await startEndpoint()
      const tracing = startTracing({
        exporter: { url: endpoint.url },
        batch: { maxQueueSize: 100_000, maxBatchSize: 50 },
        metrics: false,
        flushOnExit: false,
      })
      const names: string[] = []
      const end = (name: string): void => {
        names.push(name)
        trace
          .getTracer(`scope ${name.length % 3}`)
          .startSpan(name)
          .end()
      }
      const flushes = Array.from({ length: 40 }, async (_item, round) => {
        for (let index = 0; index < 20; index++) end(`${round}/${index}`)
        const flushed = names.length
        await tracing.forceFlush()
        expect(tracing.counts().exporters[0]?.exported).toBeGreaterThanOrEqual(flushed)
        end(`after ${round}`)
      })
      await Promise.all(flushes)
      await tracing.shutdown()
      const arrived = endpoint.arrivals
        .flatMap(({ body }) => spansIn(decodeRequest(body)))
        .map(({ name }) => name)
      expect(arrived.toSorted()).toEqual(names.toSorted())
    },
    PATIENCE,
  )

  it(
    'in a cluster too: each process sends its own spans, and none of another process',
    async () => {
      await using endpoint = await startEndpoint()
      const child = fork(join(__dirname, 'forking-program.ts'), {
        execArgv: [...FROM_SOURCE],
        env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
      })
      await once(child, 'exit')
      const arrived = endpoint.arrivals.flatMap(({ body }) => spansIn(decodeRequest(body)))
      const worker = ['worker first', 'worker second']
      expect(arrived.map(({ name }) => name).toSorted()).toEqual(
        [
          'primary first',
          'primary later first',
          'primary later second',
          'primary second',
          ...worker,
          ...worker,
        ].toSorted(),
      )
      expect(new Set(arrived.map(({ spanId }) => spanId)).size).toBe(8)
    },
    PATIENCE,
  )
})
