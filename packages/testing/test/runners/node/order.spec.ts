import assert from 'node:assert'
import { after, describe, it } from 'node:test'

import { assertComplete, assertConventions, assertSpan, assertTrace, recordSpans } from '@spanwright/testing'

const recorder = recordSpans({ global: true })
after(() => recorder.stop())

describe('in node:test', () => {
  it('the assertions pass', () => {
    recorder.tracerProvider
      .getTracer('test')
      .startSpan('work', { attributes: { size: 3 } })
      .end()

    assertSpan(recorder, { name: 'work', attributes: { size: 3 } })
    assertTrace(recorder, 'INTERNAL work')
    assertComplete(recorder)
    assertConventions(recorder, { allow: ['size'] })
  })

  it('the assertions fail', () => {
    assert.throws(() => assertTrace(recorder, 'INTERNAL play'), /\+ INTERNAL work\n- INTERNAL play/)
  })
})
