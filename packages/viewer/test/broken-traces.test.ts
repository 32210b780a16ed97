import { describe, expect, it } from '@jest/globals'

import { findingsOf } from '../src/findings/find.ts'
import { call, find, kindsOf, query, REQUEST } from './finding.ts'
import { spanIdOf, type SpanInWords, traceFrom } from './traces.ts'

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

  it('is a message that waited in a queue, as its consumer reports or as its start time shows', () => {
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
  it('begins with a call that was made while its process was handling a request', () => {
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

  it('has work that continued after the span it belongs to had ended', () => {
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

  it('is not one whose work continues in another process', () => {
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

  it('is one that no span above it shows', () => {
    expect(find(REQUEST, failure)).toMatchObject([
      {
        kind: 'swallowed-error',
        title: 'An error of SELECT users was swallowed',
        evidence: 'It failed with 42P01, and GET /users, which called it, ended as if nothing had happened.',
        spanIds: ['11', '1'].map(spanIdOf),
      },
    ])
  })

  it('is not one that made the request fail or gave it an error status', () => {
    expect(kindsOf({ ...REQUEST, failed: true }, failure)).toEqual([])
    expect(kindsOf({ ...REQUEST, attributes: { 'http.response.status_code': 409 } }, failure)).toEqual([])
  })

  it('is not that of a call that requested something nonexistent', () => {
    const missing = call('11', [0, 10], '/a', {
      failed: true,
      attributes: { 'http.response.status_code': 404 },
    })
    expect(kindsOf(REQUEST, missing)).toEqual([])
  })
})
