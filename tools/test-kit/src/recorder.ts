import { afterAll, afterEach } from '@jest/globals'
import { recordSpans, type RecordSpansOptions, type SpanRecorder } from '@spanwright/testing'

let recorder: SpanRecorder | undefined

/**
 * Records the spans of the tests in a file, by default with global providers, and resets after each test. Suites of
 * one file share the recorder.
 */
export function recordTests(options: RecordSpansOptions = { global: true }): SpanRecorder {
  if (recorder) return recorder
  const started = (recorder = recordSpans(options))
  afterEach(() => started.reset())
  afterAll(() => started.stop())
  return started
}
