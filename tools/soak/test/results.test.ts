import { describe, expect, it } from '@jest/globals'

import { checkInvariants, compareResults, type Results } from '../src/checks/results.ts'
import type { Effect } from '../src/shop/effects.ts'
import type { Answer } from '../src/shop/request.ts'

/** An order that was taken, answered after ten milliseconds. */
function order(number: number, more: Partial<Answer> = {}): Answer {
  const body = JSON.stringify({ id: `${number}0`, cents: 2400 })
  return { number, kind: 'order', status: 201, body, from: number * 100, to: number * 100 + 10, ...more }
}

function shipped(number: number, more: Partial<Effect> = {}): [number, Effect] {
  return [number, { rows: [{ id: `${number}0`, sku: 'teapot', status: 'shipped' }], messages: 1, ...more }]
}

function results(
  answers: readonly Answer[],
  effects: readonly [number, Effect][],
  from = 0,
  to = 0,
): Results {
  const disturbances = [{ kind: 'broker restarts', from, to, recoveredAt: to } as const]
  return { answers, effects: new Map(effects), disturbances }
}

const GOOD = results([order(1), order(2)], [shipped(1), shipped(2)])

describe('the comparison of results', () => {
  it('finds nothing where all but the ids is equal', () => {
    const other = order(2, { body: '{"id":"77","cents":2400}' })
    const row = { id: '77', sku: 'teapot', status: 'shipped' }
    const traced = results([order(1), other], [shipped(1), shipped(2, { rows: [row] })])
    expect(compareResults(GOOD, traced)).toMatchObject({
      faults: [],
      figures: expect.stringMatching(/^2 of 2 requests compared/),
    })
  })

  it.each<[string, Answer, Effect]>([
    ['status', order(2, { status: 500, body: '{"id":"20","cents":2400}' }), shipped(2)[1]],
    ['body', order(2, { body: '{"id":"20","cents":1}' }), shipped(2)[1]],
    ['row', order(2), shipped(2, { rows: [] })[1]],
    ['message', order(2), shipped(2, { messages: 2 })[1]],
  ])('finds another %s', (_what, answer, effect) => {
    const traced = results([order(1), answer], [shipped(1), [2, effect]])
    expect(compareResults(GOOD, traced).faults).toEqual([expect.stringMatching(/^request 2 \(order\): /)])
  })

  it('leaves out requests during a fault, but not too many of them', () => {
    const failed = order(2, { status: 500, body: '' })
    const traced = results([order(1), failed], [shipped(1)], 205, 300)
    expect(compareResults(GOOD, traced).faults).toEqual([])
    const none = results([order(1), failed], [shipped(1)], 0, 300)
    expect(compareResults(GOOD, none).faults).toEqual(['only 0 of 2 requests could be compared'])
  })
})

describe('the check of invariants', () => {
  it('finds nothing in good results', () => {
    expect(checkInvariants('traced', GOOD)).toMatchObject({ faults: [], figures: '2 × 201' })
  })

  it('allows a failure during a fault, even after the row was written', () => {
    const failed = order(1, { status: 500, body: '' })
    expect(checkInvariants('traced', results([failed], [shipped(1)], 105, 300)).faults).toEqual([])
  })

  it('allows a second message of an aborted order when a fault begins soon after', () => {
    const aborted = order(1, { kind: 'abort before the response', status: 'aborted', body: '' })
    const twice = [shipped(1, { messages: 2 })]
    expect(checkInvariants('traced', results([aborted], twice, 1000, 1300)).faults).toEqual([])
    expect(checkInvariants('traced', results([aborted], twice)).faults).toHaveLength(1)
  })

  it.each<[string, Answer, Effect | undefined]>([
    ['a failure', order(1, { status: 500, body: 'no' }), undefined],
    ['no response', order(1, { status: 'no response' }), undefined],
    ['no row', order(1), { rows: [], messages: 1 }],
    ['two rows', order(1), { rows: [shipped(1)[1].rows, shipped(1)[1].rows].flat(), messages: 1 }],
    ['the row of another', order(1), { rows: [{ id: '99', sku: 'teapot', status: 'shipped' }], messages: 1 }],
    ['no message', order(1), shipped(1, { messages: 0 })[1]],
    ['two messages', order(1), shipped(1, { messages: 2 })[1]],
    [
      'an order not shipped',
      order(1),
      shipped(1, { rows: [{ id: '10', sku: 'teapot', status: 'placed' }] })[1],
    ],
  ])('finds %s', (_what, answer, effect) => {
    expect(checkInvariants('traced', results([answer], effect ? [[1, effect]] : [])).faults).toHaveLength(1)
  })
})
