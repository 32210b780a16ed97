import { describe, expect, it } from '@jest/globals'
import type { SpanCounts } from '@spanwright/sdk'

import { printChecks } from '../src/checks/check.ts'
import { checkExceptions, checkFailures, checkMemory } from '../src/checks/processes.ts'
import { checkAccounts, checkFullLoad, checkOpenSpans } from '../src/checks/accounts.ts'
import { checkDurations, checkOrphans, checkRoots } from '../src/checks/traces.ts'
import type { SoakSpan } from '../src/shop/collector.ts'
import type { Life } from '../src/shop/service.ts'

const NONE = { queueFull: 0, notEncoded: 0, failed: 0, rejected: 0, shutDown: 0 }

function counts(started: number, exported = started, failed = 0, ended = started): SpanCounts {
  const exporter = { name: 'otlp', exported, waiting: 0, dropped: { ...NONE, failed }, lastError: undefined }
  return { started, ended, unsampled: 0, sampledOut: 0, exporters: [exporter] }
}

function life(more: Partial<Life> = {}): Life {
  return { service: 'gateway', instance: 'gateway-1', memory: [], faults: [], failures: [], ...more }
}

let ids = 0

function span(more: Partial<SoakSpan> = {}): SoakSpan {
  return {
    instance: 'gateway-1',
    service: 'gateway',
    kind: 'SERVER',
    name: 'POST /orders',
    traceId: 'a',
    spanId: String((ids += 1)),
    parentSpanId: undefined,
    failed: false,
    duration: 5,
    arrivedAt: 1000,
    ...more,
  }
}

describe('the check for open spans', () => {
  it('finds a planted one', () => {
    const open = life({ end: counts(3, 2, 0, 2) })
    expect(checkOpenSpans([open]).faults).toEqual(['gateway-1: 3 spans started, 2 ended, 0 unsampled'])
    expect(checkOpenSpans([life({ end: counts(3) })]).faults).toEqual([])
  })

  it('finds a process without a report, unless it was killed', () => {
    expect(checkOpenSpans([life()]).faults).toEqual(['gateway-1 said nothing at its end'])
    expect(checkOpenSpans([life({ killedAt: 1 })]).faults).toEqual([])
  })
})

describe('the check of accounts', () => {
  it('finds a planted lost span', () => {
    const lost = life({ end: counts(3, 2) })
    expect(checkAccounts([lost], [span(), span()]).faults).toEqual([
      'gateway-1: 3 started, 2 exported, 0 dropped, 0 waiting',
    ])
  })

  it('finds one that was counted as exported and never arrived, or that arrived twice', () => {
    const end = counts(2)
    expect(checkAccounts([life({ end })], [span()]).faults).toEqual([
      'gateway-1: counted 2 as exported, and the collector received 1',
    ])
    const same = span()
    expect(checkAccounts([life({ end })], [same, same]).faults).toEqual(['1 spans were received twice'])
  })

  it('accepts spans that are counted as dropped', () => {
    expect(checkAccounts([life({ end: counts(3, 2, 1) })], [span(), span()]).faults).toEqual([])
  })
})

describe('the check for missing parents', () => {
  const orphan = span({ service: 'inventory', instance: 'inventory-1', parentSpanId: 'gone' })

  it('finds a planted orphan', () => {
    expect(checkOrphans([life({ end: counts(1) })], [orphan]).faults).toEqual([
      'the parent of inventory SERVER POST /orders in trace a',
    ])
    const parent = span({ spanId: 'gone' })
    expect(checkOrphans([life({ end: counts(1) })], [orphan, parent]).faults).toEqual([])
  })

  it('accepts as many as the service of the parents has counted as dropped', () => {
    const dropped = life({ end: counts(2, 1, 1) })
    expect(checkOrphans([dropped], [orphan]).faults).toEqual([])
    const other = span({ service: 'pricing', parentSpanId: 'gone too' })
    expect(checkOrphans([dropped], [orphan, other]).faults).toHaveLength(1)
    // A span of the same process misses the parent, which the gateway cannot have dropped.
    const local = span({ service: 'inventory', kind: 'CLIENT', parentSpanId: 'gone' })
    expect(checkOrphans([dropped], [local]).faults).toHaveLength(1)
  })

  it('accepts them around the time at which the process of the parent was killed', () => {
    const killed = life({ killedAt: 2000 })
    expect(checkOrphans([killed], [orphan]).faults).toEqual([])
    expect(checkOrphans([killed], [{ ...orphan, arrivedAt: 60_000 }]).faults).toHaveLength(1)
  })
})

describe('the check of roots', () => {
  it('finds a span that has lost its context, and a second request in a trace', () => {
    const child = span({ kind: 'CLIENT', name: 'SELECT', parentSpanId: '1' })
    expect(checkRoots([span(), child, span({ traceId: 'b' })])).toMatchObject({
      figures: '2 traces',
      faults: [],
    })
    expect(checkRoots([span({ ...child, parentSpanId: undefined, traceId: 'b' })]).faults).toEqual([
      'gateway CLIENT SELECT in trace b',
    ])
    expect(checkRoots([span(), span()]).faults).toEqual(['1 traces have another root'])
  })
})

describe('the check of durations', () => {
  it('finds those of a clock that jumped, in either direction', () => {
    expect(
      checkDurations([span({ duration: 3_600_000 }), span({ duration: -1 }), span()]).faults,
    ).toHaveLength(2)
  })
})

describe('the check of full load', () => {
  it('finds a planted lost span', () => {
    const before = new Map([['gateway', counts(10)]])
    expect(checkFullLoad(before, new Map([['gateway', counts(30, 25, 5)]]), 20, 1).faults).toEqual([])
    expect(checkFullLoad(before, new Map([['gateway', counts(30, 24, 5)]]), 20, 1).faults).toEqual([
      'gateway: 20 started, 14 exported, 5 dropped',
    ])
  })

  it('does not pass without a span', () => {
    expect(checkFullLoad(new Map(), new Map(), 0, 1).faults).toEqual(['no span was started'])
  })
})

describe('the checks of processes', () => {
  function memory(...megabytes: number[]): Life['memory'] {
    return megabytes.map(each => ({ heap: each * 2 ** 20, buffers: 0 }))
  }

  it('find memory that grows', () => {
    const grows = life({ memory: memory(20, 21, 22, 24, 26, 27, 28, 29, 30) })
    expect(checkMemory('traced', [grows]).faults).toEqual(['gateway: 20.0 → 28.0 MB of heap'])
    const flat = life({ memory: memory(20, 21, 20, 25, 21, 20, 21, 20, 21) })
    expect(checkMemory('traced', [flat]).faults).toEqual([])
  })

  it('find too few measurements', () => {
    expect(checkMemory('traced', [life({ memory: memory(20, 20) })]).faults).toEqual([
      'gateway: measured 2 times only',
    ])
  })

  it('find exceptions and failures', () => {
    const faulty = life({ faults: ['unhandledRejection: no'], failures: ['spanwright: hook onEnd failed'] })
    expect(checkExceptions('traced', [faulty]).faults).toEqual(['gateway-1: unhandledRejection: no'])
    expect(checkFailures([faulty]).faults).toEqual(['gateway-1: spanwright: hook onEnd failed'])
  })
})

describe('the table', () => {
  it('says what failed, and why', () => {
    const lines: string[] = []
    const passed = { name: 'one', figures: '1', faults: [] }
    expect(printChecks([passed], line => lines.push(line))).toBe(true)
    expect(
      printChecks([passed, { name: 'three', figures: '3', faults: ['no'] }], line => lines.push(line)),
    ).toBe(false)
    expect(lines).toEqual([
      'passed  one  1',
      'passed  one    1',
      'FAILED  three  3',
      '\nthree: 1 fault',
      '  no',
    ])
  })
})
