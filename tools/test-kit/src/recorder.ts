import { afterAll, afterEach } from '@jest/globals'
import { recordSpans, type RecordSpansOptions, type SpanRecorder } from '@spanwright/testing'

/** Records what the tests of a file trace, by the global providers unless said, and forgets it after each test. */
export function recordTests(options: RecordSpansOptions = { global: true }): SpanRecorder {
  const recorder = recordSpans(options)
  afterEach(() => recorder.reset())
  afterAll(() => recorder.stop())
  return recorder
}
