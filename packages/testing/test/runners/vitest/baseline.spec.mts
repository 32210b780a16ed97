import { expect, it } from 'vitest'

import '@spanwright/testing/vitest'

import { recordBaselineTrace } from '../baseline-trace.ts'

it('has the shape that the file keeps', () => {
  expect(recordBaselineTrace()).toMatchTrace(String(process.env['BASELINE']), { attributes: ['db.*'] })
})
