import { describe, expect, it } from 'vitest'

import { recordSpans } from '@spanwright/testing'
import '@spanwright/testing/vitest'

const recorder = recordSpans()

describe('in Vitest', () => {
  it('the matchers pass', () => {
    recorder.tracerProvider
      .getTracer('test')
      .startSpan('work', { attributes: { size: 3 } })
      .end()

    expect(recorder).toHaveSpan({ name: 'work', attributes: { size: expect.any(Number) } })
    expect(recorder).toMatchTrace('INTERNAL work')
    expect(recorder).toBeComplete()
    expect(recorder).toFollowSemanticConventions({ allow: ['size'] })
    expect(recorder.spans()).toMatchInlineSnapshot(`
      INTERNAL work (unset)
          size: 3
    `)
  })

  it('the matchers fail', () => {
    expect(() => expect(recorder).toMatchTrace('INTERNAL play')).toThrow(/\+ INTERNAL work\n- INTERNAL play/)
    expect(() => expect(recorder).not.toHaveSpan({ name: 'work' })).toThrow('expected no span like')
  })
})
