import { afterAll, afterEach } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { closeServices } from './service.ts'

/** Records what the tests of a file trace. After each test its services are closed and its spans forgotten. */
export const recorder: SpanRecorder = recordSpans({ global: true })

afterEach(async () => {
  await closeServices()
  await recorder.reset()
})
afterAll(() => recorder.stop())
