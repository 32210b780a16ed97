import { describe, expect, it, jest } from '@jest/globals'
import * as fc from 'fast-check'

import { jsonOf } from '../../sdk/src/export/otlp/json.ts'
import { type MessageShape as SentShape, REQUESTS } from '../../sdk/src/export/otlp/messages.ts'
import { recordedBytes, WIDE } from '../../sdk/test/record/recorded-bytes.ts'
import { aScript } from '../../sdk/test/record/scripts.ts'
import { decodeJson } from '../src/decode/json.ts'
import { type MessageShape, TRACES } from '../src/decode/messages.ts'
import { decodeProtobuf } from '../src/decode/protobuf.ts'

// Long strings take a while on a busy machine.
jest.setTimeout(60_000)

/** One line for each field of a message and of the messages in it; those that contain themselves are followed once. */
function fieldsOf(shape: MessageShape | SentShape, path = '', above: readonly string[] = []): string[] {
  return Object.entries(shape).flatMap(([number, { name, of, repeated }]) => {
    const line = `${path}/${number} ${repeated === true ? 'repeated ' : ''}${name}`
    if (typeof of === 'function')
      return above.includes(name) ? [line] : [line, ...fieldsOf(of(), line, [...above, name])]
    // The SDK writes other integers too, and so has other names for their forms.
    return [`${line}: ${of === 'nanoseconds' ? 'long' : of}`]
  })
}

describe('the messages of OTLP', () => {
  it('have the same fields here and in the SDK, which needs them to write JSON', () => {
    expect(fieldsOf(TRACES)).toEqual(fieldsOf(REQUESTS.traces))
    expect(fieldsOf(TRACES).length).toBeGreaterThan(100)
  })

  it('of any spans are read from protobuf as from the JSON that the SDK sends', () => {
    fc.assert(
      fc.property(fc.array(aScript, { minLength: 1, maxLength: 4 }), scripts => {
        const bytes = Buffer.from(recordedBytes(scripts, WIDE))
        const json = JSON.stringify(jsonOf(bytes, REQUESTS.traces))
        expect(JSON.parse(JSON.stringify(decodeProtobuf(bytes)))).toEqual(decodeJson(Buffer.from(json)))
      }),
      { numRuns: 100 },
    )
  })
})
