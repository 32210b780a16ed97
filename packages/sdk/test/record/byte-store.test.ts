import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import type { ByteBatch } from '../../src/export/batch.ts'
import { ByteStore } from '../../src/record/otlp/byte-store.ts'
import { RecordingTracerProvider } from '../../src/record/provider.ts'
import { alwaysOn } from '../../src/sampling/samplers.ts'
import { decodeRequest, spansIn } from './otlp-decoder.ts'
import { WIDE } from './recorded-bytes.ts'

const RESOURCE = { attributes: { 'service.name': 'shop' }, schemaUrl: 'https://example.org/resource' }
const UNLIMITED = { maxQueueSize: Infinity, maxQueueBytes: Infinity }

/** A store, and a function that adds spans of a scope. */
function stored(limits: { maxQueueSize: number; maxQueueBytes: number } = UNLIMITED): {
  readonly store: ByteStore
  readonly add: (scope: string, name: string, text?: string) => boolean
} {
  const store = new ByteStore(limits, RESOURCE)
  let wasAdded = false
  const provider = new RecordingTracerProvider({
    resource: RESOURCE,
    sampler: alwaysOn(),
    limits: WIDE,
    idGenerator: undefined,
    processors: [],
    baggageAttributes: [],
    sink: {
      keepsObjects: false,
      onStart: () => {},
      onEnd: span => {
        wasAdded = store.add(span) === undefined
      },
      refuse: () => {},
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  })
  const add = (scope: string, name: string, text = ''): boolean => {
    provider
      .getTracer(scope, '1', { schemaUrl: `https://example.org/${scope}` })
      .startSpan(name, { attributes: { text } })
      .end()
    return wasAdded
  }
  return { store, add }
}

function namesIn(batch: ByteBatch | undefined): string[] {
  if (!batch) return []
  const bytes = Buffer.concat(batch.parts)
  expect(bytes).toHaveLength(batch.bytes)
  const names = spansIn(decodeRequest(bytes)).map(({ name }) => name)
  expect(names).toHaveLength(batch.spans)
  return names
}

describe('spans that wait as bytes', () => {
  it('are grouped by scope, with its schema and that of the resource', () => {
    const { store, add } = stored()
    for (const [scope, name] of ['a1', 'b1', 'a2', 'b2'].entries()) add('ab'[scope % 2] ?? '', name)
    const { resourceSpans } = decodeRequest(Buffer.concat(store.take(10, Infinity)?.parts ?? []))
    expect(resourceSpans).toMatchObject([
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        schemaUrl: RESOURCE.schemaUrl,
        scopeSpans: [
          {
            scope: { name: 'a', version: '1' },
            schemaUrl: 'https://example.org/a',
            spans: [{ name: 'a1' }, { name: 'a2' }],
          },
          {
            scope: { name: 'b', version: '1' },
            schemaUrl: 'https://example.org/b',
            spans: [{ name: 'b1' }, { name: 'b2' }],
          },
        ],
      },
    ])
  })

  it('are taken oldest first, and new ones wait behind them', () => {
    const { store, add } = stored()
    for (const name of ['1', '2', '3']) add('a', name)
    expect(namesIn(store.take(2, Infinity))).toEqual(['1', '2'])
    add('a', '4')
    expect([store.waiting, store.size]).toEqual([2, 4])
    expect(namesIn(store.take(9, Infinity))).toEqual(['3', '4'])
    expect(store.take(9, Infinity)).toBeUndefined()
  })

  it('are limited in number, together with those in transit', () => {
    const { store, add } = stored({ maxQueueSize: 2, maxQueueBytes: Infinity })
    expect([add('a', '1'), add('b', '2'), add('a', '3')]).toEqual([true, true, false])
    const batch = store.take(1, Infinity)
    expect(add('a', '4')).toBe(false)
    if (batch) store.release(batch)
    expect(add('a', '5')).toBe(true)
    expect([...namesIn(store.take(9, Infinity))]).toEqual(['2', '5'])
  })

  it('are limited in bytes, together with those in transit', () => {
    const { store, add } = stored({ maxQueueSize: Infinity, maxQueueBytes: 3000 })
    expect([
      add('a', '1', 'x'.repeat(1300)),
      add('a', '2', 'x'.repeat(1300)),
      add('a', '3', 'x'.repeat(1300)),
    ]).toEqual([true, true, false])
    const batch = store.take(1, Infinity)
    expect(add('a', '4', 'x'.repeat(1300))).toBe(false)
    if (batch) store.release(batch)
    expect(add('a', '5', 'x'.repeat(1300))).toBe(true)
    expect(store.waitingBytes).toBeLessThanOrEqual(3000)
    expect(namesIn(store.take(9, Infinity))).toEqual(['2', '5'])
  })

  it('fill a batch up to its limit, except for a single larger span', () => {
    const { store, add } = stored()
    for (const name of ['1', '2', '3']) add('a', name, 'x'.repeat(1000))
    add('a', 'large', 'é'.repeat(400_000))
    add('b', '5')
    const batches = [1, 2, 3].map(() => namesIn(store.take(9, 2400)))
    expect(batches).toEqual([['1', '2'], ['3'], ['large']])
    expect(namesIn(store.take(9, 2400))).toEqual(['5'])
  })

  it('can be discarded', () => {
    const { store, add } = stored()
    for (const name of ['1', '2', '3']) add('a', name)
    const batch = store.take(1, Infinity)
    expect(store.clear()).toBe(2)
    add('a', '4')
    expect([store.waiting, store.size]).toEqual([1, 2])
    if (batch) store.release(batch)
    expect(namesIn(store.take(9, Infinity))).toEqual(['4'])
  })

  it('are all returned, once each and in order, however batches are taken and split', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            {
              weight: 5,
              arbitrary: fc.record({
                scope: fc.constantFrom('a', 'b', 'c'),
                size: fc.integer({ min: 0, max: 40_000 }),
              }),
            },
            fc.record({
              spans: fc.integer({ min: 1, max: 5 }),
              bytes: fc.integer({ min: 1, max: 100_000 }),
              splits: fc.boolean(),
            }),
          ),
          { maxLength: 60 },
        ),
        steps => {
          const limits = { maxQueueSize: 12, maxQueueBytes: 300_000 }
          const { store, add } = stored(limits)
          const kept: string[] = []
          const taken: string[] = []
          const takeAll = (batch: ByteBatch, splits: boolean): void => {
            const halves = splits ? store.split(batch) : undefined
            if (halves) for (const half of halves) takeAll(half, splits)
            else {
              taken.push(...namesIn(batch))
              store.release(batch)
            }
          }
          for (const [index, step] of steps.entries()) {
            if ('scope' in step) {
              const name = `${step.scope}${index}`
              if (add(step.scope, name, 'x'.repeat(step.size))) kept.push(name)
            } else {
              const batch = store.take(step.spans, step.bytes)
              if (batch) takeAll(batch, step.splits)
            }
            expect(store.size).toBe(kept.length - taken.length)
            expect(store.size).toBeLessThanOrEqual(limits.maxQueueSize)
            expect(store.waitingBytes).toBeLessThanOrEqual(limits.maxQueueBytes)
          }
          for (let batch = store.take(9, Infinity); batch; batch = store.take(9, Infinity))
            takeAll(batch, false)
          const inOrder = (names: readonly string[]): string[] =>
            names.toSorted((x, y) => (x[0] ?? '').localeCompare(y[0] ?? ''))
          expect(inOrder(taken)).toEqual(inOrder(kept))
        },
      ),
      { numRuns: 150 },
    )
  })
})
