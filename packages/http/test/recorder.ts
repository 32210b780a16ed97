import { afterAll, afterEach } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

/** Records what the tests of a file trace, and forgets it after each test. */
export const recorder: SpanRecorder = recordSpans({ global: true })

afterEach(() => recorder.reset())
afterAll(() => recorder.stop())
