import { describe, expect, it } from '@jest/globals'

import { call, find, kindsOf, query, REQUEST } from './finding.ts'
import { spanIdOf, type SpanInWords } from './traces.ts'

describe('repeated queries', () => {
  it('are those with the same summary beneath one parent', () => {
    const queries = [0, 1, 2, 3].map(index => query(`1${index}`, [10 * index, 10 * index + 8]))
    expect(find(REQUEST, ...queries)).toEqual([
      {
        kind: 'repeated-queries',
        title: 'SELECT users runs 4 times',
        evidence: 'GET /users sends the same query 4 times, 32.0 ms together (32 % of its time).',
        advice: expect.stringContaining('WHERE id = ANY($1)'),
        spanIds: queries.map(({ id }) => spanIdOf(id)),
      },
    ])
  })

  it('are found in the legacy vocabulary too', () => {
    const queries = [0, 1, 2].map(index => ({
      ...query(`1${index}`, [10 * index, 10 * index + 8]),
      name: 'SELECT users',
      attributes: { 'db.system': 'postgresql', 'db.statement': 'SELECT 1' },
    }))
    expect(kindsOf(REQUEST, ...queries)).toEqual(['repeated-queries'])
  })

  it.each(['connect', 'BEGIN', 'COMMIT', 'FETCH', 'SAVEPOINT one', 'pg-pool.connect'])(
    'are not %s',
    summary => {
      expect(
        kindsOf(REQUEST, ...[0, 1, 2, 3].map(index => query(`1${index}`, [index, index + 1], summary))),
      ).toEqual([])
    },
  )

  it('are not those of different parents', () => {
    const parents = [0, 1, 2].map((index): SpanInWords => ({
      id: `2${index}`,
      parent: '1',
      at: [30 * index, 30 * index + 20],
    }))
    const queries = [0, 1, 2].map(index =>
      query(`3${index}`, [30 * index, 30 * index + 9], 'SELECT users', { parent: `2${index}` }),
    )
    expect(kindsOf(REQUEST, ...parents, ...queries)).toEqual([])
  })
})

describe('calls reported as sequential', () => {
  const calls = [call('11', [0, 30], '/a'), call('12', [31, 60], '/b'), call('13', [60, 95], '/c')]

  it('are reads that wait for each other, with the time that concurrency would save', () => {
    expect(find(REQUEST, ...calls)).toEqual([
      {
        kind: 'one-after-the-other',
        title: '3 calls run one after the other',
        evidence:
          'GET /users makes 3 reading calls that wait for one another. Together they would save up to 59.0 ms of 100 ms (59 %).',
        advice: expect.stringContaining('Promise.all'),
        spanIds: calls.map(({ id }) => spanIdOf(id)),
      },
    ])
  })

  it('are reads of RPC by the name of their method', () => {
    const rpc = (id: string, at: readonly [number, number], method: string): SpanInWords => ({
      id,
      parent: '1',
      name: method,
      kind: 'CLIENT',
      at,
      attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method },
    })
    const methods = ['shop.Prices/GetPrice', 'shop.Stock/ListLevels', 'shop.Users/FindUser']
    const reads = methods.map((method, index) => rpc(`2${index}`, [30 * index, 30 * index + 28], method))
    expect(kindsOf(REQUEST, ...reads)).toEqual(['one-after-the-other'])
    const writes = reads.map(({ id, at = [0, 0] }) => rpc(id, at, 'shop.Get/PlaceOrder'))
    expect(kindsOf(REQUEST, ...writes)).toEqual([])
  })

  it('are not writes, whose order may matter', () => {
    expect(
      kindsOf(
        REQUEST,
        ...calls.map(each => ({
          ...each,
          attributes: { ...each.attributes, 'http.request.method': 'POST' },
        })),
      ),
    ).toEqual([])
  })

  it('are not concurrent calls', () => {
    expect(
      kindsOf(REQUEST, call('11', [0, 90], '/a'), call('12', [1, 92], '/b'), call('13', [2, 95], '/c')),
    ).toEqual([])
  })

  it('are not those where nothing would be saved', () => {
    expect(
      kindsOf(REQUEST, call('11', [0, 1], '/a'), call('12', [2, 3], '/b'), call('13', [4, 90], '/c')),
    ).toEqual([])
  })
})

describe('retries', () => {
  const failed = { failed: true, attributes: { 'error.type': '503' } }

  it('are calls that failed and were repeated', () => {
    expect(
      find(
        REQUEST,
        call('11', [0, 10], '/a', failed),
        call('12', [20, 30], '/a', failed),
        call('13', [50, 60], '/a'),
      ),
    ).toEqual([
      {
        kind: 'retries',
        title: 'GET took 3 tries',
        evidence:
          '2 tries failed (503) and took 50.0 ms with the waits between them, 20.0 ms without. The last one worked.',
        advice: expect.stringContaining('why the first try failed'),
        spanIds: ['11', '12', '13'].map(spanIdOf),
      },
    ])
  })

  it('are not different calls, or calls after a success', () => {
    expect(
      kindsOf({ ...REQUEST, failed: true }, call('11', [0, 10], '/a', failed), call('12', [20, 30], '/b')),
    ).toEqual([])
    expect(kindsOf(REQUEST, call('11', [0, 10], '/a'), call('12', [20, 30], '/a'))).toEqual([])
  })
})
