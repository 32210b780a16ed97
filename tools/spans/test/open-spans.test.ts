import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Span, trace } from '@opentelemetry/api'
import { recordTests } from '@spanwright/test-kit/recorder'

import { OpenSpans } from '../src/open-spans.ts'

const recorder = recordTests()
let openSpans: OpenSpans
beforeEach(() => {
  openSpans = new OpenSpans(() => 'a test')
})
afterEach(() => openSpans.stop())

function start(scope: string, name: string): Span {
  return trace.getTracer(scope).startSpan(name)
}

describe('the check for open spans', () => {
  it('finds a span of ours that does not end', async () => {
    start('@spanwright/core', 'ended').end()
    const left = start('@spanwright/core', 'left')
    expect(await openSpans.remaining(0)).toEqual(['left of @spanwright/core, started in: a test'])
    left.end()
    expect(await openSpans.remaining(0)).toEqual([])
  })

  it('finds one of a recorder that was reset, which still has to end', async () => {
    const left = start('@spanwright/core', 'left')
    await recorder.reset()
    expect(await openSpans.remaining(0)).toHaveLength(1)
    left.end()
    expect(await openSpans.remaining(0)).toEqual([])
  })

  it('waits for a span that ends late', async () => {
    const late = start('@spanwright/core', 'late')
    setImmediate(() => late.end())
    expect(await openSpans.remaining()).toEqual([])
  })

  it('leaves the spans of the application to it', async () => {
    const own = start('shop', 'own')
    expect(await openSpans.remaining(0)).toEqual([])
    own.end()
  })
})
