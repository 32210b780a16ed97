import { recordTests } from '@spanwright/test-kit/recorder'
import type { SpanRecorder } from '@spanwright/testing'

/** What the tests of a file and their helpers record with. */
export const recorder: SpanRecorder = recordTests()
