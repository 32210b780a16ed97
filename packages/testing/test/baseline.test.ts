import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { assertTrace, recordSpans } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { failureOf } from './spans.ts'

const recorder = recordSpans()
const tracer = recorder.tracerProvider.getTracer('test')
const folder = mkdtempSync(join(tmpdir(), 'spanwright-baseline-'))
let baseline: string
let count = 0
beforeEach(() => {
  baseline = join(folder, `${count++}.trace`)
})
afterEach(() => recorder.reset())
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await recorder.stop()
})

/** A span, or several that run concurrently. */
type Step = Node | { readonly atOnce: readonly Node[] }

interface Node {
  readonly name: string
  readonly attributes?: Attributes
  readonly failed?: boolean
  readonly steps?: readonly Step[]
}

/** Runs steps below a span; concurrent steps start in the order that `shuffle` returns. */
function run(
  steps: readonly Step[],
  shuffle: (nodes: readonly Node[]) => readonly Node[],
  parent?: Span,
): void {
  const start = (node: Node): { node: Node; span: Span } => ({
    node,
    span: tracer.startSpan(
      node.name,
      { kind: SpanKind.CLIENT, attributes: node.attributes ?? {} },
      parent ? trace.setSpan(context.active(), parent) : context.active(),
    ),
  })
  for (const step of steps) {
    const nodes = 'atOnce' in step ? shuffle(step.atOnce) : [step]
    const spans = nodes.map(start)
    for (const { node, span } of spans) {
      run(node.steps ?? [], shuffle, span)
      if (node.failed) span.setStatus({ code: SpanStatusCode.ERROR })
    }
    for (const { span } of spans) span.end()
  }
}

const asGiven = (nodes: readonly Node[]): readonly Node[] => nodes
const reversed = (nodes: readonly Node[]): readonly Node[] => nodes.toReversed()

/** The differences that a comparison with the trace of an earlier run reports; empty when they match. */
async function differences(
  before: readonly Step[],
  after: readonly Step[],
  attributes: string[] = [],
): Promise<string[]> {
  baseline = join(folder, `${count++}.trace`)
  await recorder.reset()
  run(before, asGiven)
  withoutCi(() => assertTrace(recorder, baseline, { attributes }))
  await recorder.reset()
  run(after, reversed)
  const message = messageOf(() => assertTrace(recorder, baseline, { attributes }))
  if (message === undefined) return []
  const [heading, , ...lines] = message.split('\n')
  return heading?.startsWith('the trace differs from ') ? lines : [message]
}

function messageOf(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The baselines of this file do not exist yet, on any machine. */
function withoutCi(work: () => void): void {
  withCi('', work)
}

function withCi(value: string, work: () => void): void {
  const { CI } = process.env
  process.env['CI'] = value
  try {
    work()
  } finally {
    if (CI === undefined) delete process.env['CI']
    else process.env['CI'] = CI
  }
}

describe('a baseline', () => {
  it('contains names, kinds, failures, selected attributes and which spans ran concurrently', () => {
    run(
      [
        {
          name: 'GET /orders',
          attributes: { 'http.route': '/orders', 'server.port': 4711, 'server.address': 'localhost' },
          steps: [
            { name: 'SELECT orders', attributes: { 'db.namespace': 'shop' }, failed: true },
            { atOnce: [{ name: 'b "quoted"\nname' }, { name: 'a', steps: [{ name: 'beneath a' }] }] },
            { name: 'last' },
          ],
        },
      ],
      asGiven,
    )

    withoutCi(() => assertTrace(recorder, baseline, { attributes: ['db.*', 'http.route', 'server.port'] }))

    expect(readFileSync(baseline, 'utf8').split('\n').slice(1)).toEqual([
      'CLIENT GET /orders',
      '    . http.route: "/orders"',
      '    . server.port: (port)',
      '  CLIENT SELECT orders ✗',
      '      . db.namespace: "shop"',
      '  at once:',
      '    CLIENT a',
      '      CLIENT beneath a',
      String.raw`    CLIENT b "quoted"\nname`,
      '  CLIENT last',
      '',
    ])
    assertTrace(recorder, baseline, { attributes: ['db.*', 'http.route', 'server.port'] })
    expect(recorder).toMatchTrace(pathToFileURL(baseline), {
      attributes: ['db.*', 'http.route', 'server.port'],
    })
  })

  it('is read from the folder of the test', () => {
    run([{ name: 'GET /orders', steps: [{ name: 'SELECT orders' }] }], asGiven)

    expect(recorder).toMatchTrace('traces/orders.trace')
    expect(failureOf(() => expect(recorder).not.toMatchTrace('traces/orders.trace'))).toBe(
      'expected another trace than that of packages/testing/test/traces/orders.trace',
    )
  })

  it('matches any order of concurrent spans, in either run', async () => {
    const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]

    expect(await differences([{ atOnce: [a, b] }, c], [{ atOnce: [a, b] }, c])).toEqual([])
    expect(await differences([a, b, c], [{ atOnce: [b, c] }])).toEqual([
      '- CLIENT a',
      '  CLIENT b',
      '  CLIENT c',
    ])
  })

  it('shows changes as a tree', async () => {
    const before = {
      name: 'GET /orders',
      attributes: { 'http.route': '/orders' },
      steps: [
        { name: 'SELECT orders' },
        { name: 'SELECT items', steps: [{ name: 'parse' }] },
        { name: 'send' },
      ],
    }
    const after = {
      name: 'GET /orders',
      attributes: { 'http.route': '/orders/:id', 'http.response.status_code': 200 },
      steps: [
        { name: 'SELECT orders' },
        { name: 'SELECT items', steps: [{ name: 'render' }] },
        { name: 'SELECT stock' },
        { name: 'send', failed: true },
      ],
    }

    expect(await differences([before], [after], ['http.*'])).toEqual([
      '  CLIENT GET /orders',
      '-     . http.route: "/orders"',
      '+     . http.response.status_code: 200',
      '+     . http.route: "/orders/:id"',
      '    CLIENT SELECT orders',
      '    CLIENT SELECT items',
      '-     CLIENT parse',
      '+     CLIENT render',
      '-   CLIENT send',
      '+   CLIENT SELECT stock',
      '+   CLIENT send ✗',
    ])
  })

  it('shows spans that ran in another order', async () => {
    const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]

    expect(await differences([a, b, c], [c, a, b])).toEqual([
      '+ CLIENT c',
      '  CLIENT a',
      '  CLIENT b',
      '- CLIENT c',
    ])
  })

  it('has the same shape each time, and another one when a span is missing', async () => {
    const { node, steps } = fc.letrec<{ node: Node; steps: Step[] }>(tie => ({
      node: fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        failed: fc.boolean(),
        steps: fc.oneof({ maxDepth: 3 }, fc.constant([]), tie('steps')),
      }),
      steps: fc.array(
        fc.oneof(
          tie('node'),
          fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map(atOnce => ({ atOnce })),
        ),
        {
          maxLength: 4,
        },
      ),
    }))
    await fc.assert(
      fc.asyncProperty(node, steps, async (root, beneath) => {
        const whole = [{ ...root, steps: beneath }, { name: 'end' }]
        expect(await differences(whole, whole)).toEqual([])
        expect(await differences(whole, whole.slice(0, 1))).toContain('- CLIENT end')
      }),
      { numRuns: 50 },
    )
  })

  it('is not written in CI', () => {
    run([{ name: 'GET /orders' }], asGiven)

    withCi('true', () =>
      expect(messageOf(() => assertTrace(recorder, baseline))).toMatch(
        /^there is no baseline .*, and this run does not write any$/,
      ),
    )
    expect(existsSync(baseline)).toBe(false)
  })

  it('names a file that it cannot read', () => {
    writeFileSync(baseline, '  . http.route: "/orders"\n')

    expect(failureOf(() => assertTrace(recorder, baseline))).toContain(
      'is not a baseline: line 1: an attribute before the first span',
    )
  })

  it('requires an absolute path where the folder of the test is unknown', () => {
    expect(failureOf(() => assertTrace(recorder, 'orders.trace'))).toBe(
      "the folder of orders.trace is not known here: pass new URL('orders.trace', import.meta.url) or join(__dirname, 'orders.trace')",
    )
    expect(failureOf(() => assertTrace(recorder, baseline, { attributes: 'db.*' as never }))).toContain(
      'expected attributes to be an array of keys',
    )
  })
})
