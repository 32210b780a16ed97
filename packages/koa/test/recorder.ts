import { afterEach } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import type { SpanRecorder } from '@spanwright/testing'

import { closeServices } from './service.ts'

// Before what is recorded is forgotten.
afterEach(closeServices)

/** What the tests of a file record with, whose services are closed after each test. */
export const recorder: SpanRecorder = recordTests()
