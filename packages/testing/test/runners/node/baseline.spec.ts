import { it } from 'node:test'

import { assertTrace } from '@spanwright/testing'

import { recordBaselineTrace } from '../baseline-trace.ts'

it('has the shape that the file keeps', () => {
  assertTrace(recordBaselineTrace(), String(process.env['BASELINE']), { attributes: ['db.*'] })
})
