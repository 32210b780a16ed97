import { expect, it } from '@jest/globals'
import '@spanwright/testing/jest'

import { recordBaselineTrace } from '../baseline-trace.ts'

it('has the shape that the file keeps', () => {
  expect(recordBaselineTrace()).toMatchTrace(String(process.env['BASELINE']), { attributes: ['db.*'] })
})
