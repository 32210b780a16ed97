import { afterAll, afterEach } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

let recorder: SpanRecorder | undefined

/** Records what the tests of a file trace, and forgets it after each test. Suites of one file share the recorder. */
export function recordTests(): SpanRecorder {
  if (recorder) return recorder
  const started = (recorder = recordSpans({ global: true }))
  afterEach(() => started.reset())
  afterAll(() => started.stop())
  return started
}
