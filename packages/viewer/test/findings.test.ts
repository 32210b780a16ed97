import { describe, expect, it } from '@jest/globals'

import { findingsOf } from '../src/findings/find.ts'
import { spanIdOf, type SpanInWords, traceFrom } from './traces.ts'

const REQUEST: SpanInWords = {
  id: '1',
  name: 'GET /users',
  kind: 'SERVER',
  attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 },
}

function query(
  id: string,
  at: readonly [number, number],
  summary = 'SELECT users',
  more: Partial<SpanInWords> = {},
): SpanInWords {
  return {
    id,
    parent: '1',
    name: summary,
    kind: 'CLIENT',
    at,
    ...more,
    attributes: { 'db.system.name': 'postgresql', 'db.query.summary': summary, ...more.attributes },
  }
}

function call(
  id: string,
  at: readonly [number, number],
  url: string,
  more: Partial<SpanInWords> = {},
): SpanInWords {
  return {
    id,
    parent: '1',
    name: 'GET',
    kind: 'CLIENT',
    at,
    ...more,
    attributes: {
      'http.request.method': 'GET',
      'url.full': url,
      'server.address': 'prices',
      ...more.attributes,
    },
  }
}

function find(...spans: readonly SpanInWords[]): ReturnType<typeof findingsOf> {
  return findingsOf(traceFrom(spans))
}

function kindsOf(...spans: readonly SpanInWords[]): string[] {
  return find(...spans).map(({ kind }) => kind)
}

describe('repeated queries', () => {
  it('are those of the same summary beneath one parent', () => {
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

  it('are found in the former vocabulary too', () => {
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

  it('are not the same query of different parents', () => {
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

describe('calls one after the other', () => {
  const calls = [call('11', [0, 30], '/a'), call('12', [31, 60], '/b'), call('13', [60, 95], '/c')]

  it('are reads that wait for each other, with what running them together would save', () => {
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

  it('are not calls that run together', () => {
    expect(
      kindsOf(REQUEST, call('11', [0, 90], '/a'), call('12', [1, 92], '/b'), call('13', [2, 95], '/c')),
    ).toEqual([])
  })

  it('are not said where nothing would be gained', () => {
    expect(
      kindsOf(REQUEST, call('11', [0, 1], '/a'), call('12', [2, 3], '/b'), call('13', [4, 90], '/c')),
    ).toEqual([])
  })
})

describe('retries', () => {
  const failed = { failed: true, attributes: { 'error.type': '503' } }

  it('are calls that failed and were made again', () => {
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

  it('are not calls of something else, or after a success', () => {
    expect(
      kindsOf({ ...REQUEST, failed: true }, call('11', [0, 10], '/a', failed), call('12', [20, 30], '/b')),
    ).toEqual([])
    expect(kindsOf(REQUEST, call('11', [0, 10], '/a'), call('12', [20, 30], '/a'))).toEqual([])
  })
})

describe('waiting', () => {
  it('is a wait for a connection above its share', () => {
    expect(
      find(
        REQUEST,
        query('11', [0, 60], 'SELECT users', { attributes: { 'spanwright.db.wait_time': 0.045 } }),
      ),
    ).toEqual([
      {
        kind: 'waiting',
        title: '45.0 ms waiting for a connection',
        evidence: 'That is 45 % of the trace; SELECT users of shop waited longest, 45.0 ms.',
        advice: expect.stringContaining('pool'),
        spanIds: [spanIdOf('11')],
      },
    ])
  })

  it('is a message that lay in a queue, by what its consumer says or by when it began', () => {
    const send: SpanInWords = { id: '11', parent: '1', name: 'send orders', kind: 'PRODUCER', at: [10, 20] }
    const process: SpanInWords = {
      id: '12',
      parent: '11',
      name: 'process orders',
      kind: 'CONSUMER',
      service: 'worker',
      at: [90, 100],
    }
    expect(find(REQUEST, send, process).map(({ title }) => title)).toEqual([
      'Messages lay in a queue for 70.0 ms',
    ])
    const said = { ...process, attributes: { 'spanwright.messaging.queue_time': 0.065 } }
    expect(find(REQUEST, send, said).map(({ title }) => title)).toEqual([
      'Messages lay in a queue for 65.0 ms',
    ])
  })

  it('is not a short wait', () => {
    expect(
      kindsOf(
        REQUEST,
        query('11', [0, 60], 'SELECT users', { attributes: { 'spanwright.db.wait_time': 0.01 } }),
      ),
    ).toEqual([])
  })
})

describe('a broken trace', () => {
  it('has a call that began it while its process was serving a request', () => {
    const trace = traceFrom([{ ...call('11', [0, 10], '/a'), parent: '' }])
    const [found] = findingsOf(trace, {
      servedDuring: () => ({ traceId: 'cd'.repeat(16), name: 'GET /users' }),
    })
    expect(found).toMatchObject({
      kind: 'lost-context',
      title: 'GET begins a trace of its own',
      evidence:
        'shop was serving GET /users (trace cdcdcdcd…) when this call began, but the call has no parent.',
    })
    expect(findingsOf(trace)).toEqual([])
  })

  it('has spans whose parent did not arrive', () => {
    expect(find(REQUEST, query('11', [0, 10], 'SELECT users', { parent: '9' }))).toMatchObject([
      {
        kind: 'orphans',
        title: '1 parent is missing',
        evidence: '1 span of shop names a parent that did not arrive.',
        spanIds: [spanIdOf('11')],
      },
    ])
  })

  it('has work that went on when the span it belongs to had ended', () => {
    const late: SpanInWords = { id: '11', parent: '1', name: 'write audit log', at: [90, 140] }
    const beneath: SpanInWords = {
      id: '12',
      parent: '11',
      name: 'INSERT audit',
      kind: 'CLIENT',
      at: [95, 130],
    }
    expect(find(REQUEST, late, beneath)).toMatchObject([
      {
        kind: 'ended-after-parent',
        title: '1 span ended after its parent',
        evidence: 'write audit log ended 40.0 ms after GET /users, which it belongs to.',
        spanIds: [spanIdOf('11')],
      },
    ])
  })

  it('is not one whose work goes on in another process', () => {
    const send: SpanInWords = { id: '11', parent: '1', name: 'send', kind: 'PRODUCER', at: [90, 99] }
    expect(
      kindsOf(REQUEST, send, {
        id: '12',
        parent: '11',
        name: 'process',
        kind: 'CONSUMER',
        service: 'worker',
        at: [100, 190],
      }),
    ).toEqual([])
  })
})

describe('a swallowed error', () => {
  const failure = query('11', [0, 10], 'SELECT users', {
    failed: true,
    attributes: { 'error.type': '42P01' },
  })

  it('is one that nothing above it shows', () => {
    expect(find(REQUEST, failure)).toMatchObject([
      {
        kind: 'swallowed-error',
        title: 'An error of SELECT users was swallowed',
        evidence: 'It failed with 42P01, and GET /users, which called it, ended as if nothing had happened.',
        spanIds: ['11', '1'].map(spanIdOf),
      },
    ])
  })

  it('is not one that made the request fail, or was answered with a status', () => {
    expect(kindsOf({ ...REQUEST, failed: true }, failure)).toEqual([])
    expect(kindsOf({ ...REQUEST, attributes: { 'http.response.status_code': 409 } }, failure)).toEqual([])
  })
})
