import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { startTracing, type Tracing } from '../src/index.ts'
import { type CallBack, type RawHeader, type Replay, startReplay } from './w3c-service.ts'

// The cases of the W3C's own suite (trace-context/test/test.py, level 2), under the same names.
const T = '12345678901234567890123456789012'
const P = '1234567890123456'
const VALID = `00-${T}-${P}-01`
const SHAPE = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

let tracing: Tracing
let replay: Replay

beforeAll(async () => {
  tracing = startTracing({ exporter: 'none', serviceName: 'w3c', flushOnExit: false })
  replay = await startReplay()
})

afterAll(async () => {
  await replay[Symbol.asyncDispose]()
  await tracing.shutdown()
})

async function send(...headers: RawHeader[]): Promise<CallBack> {
  const [callBack] = await replay.send(headers)
  if (!callBack) throw new Error('no call came back')
  expect(callBack.traceparents).toEqual([expect.stringMatching(SHAPE)])
  return callBack
}

const withParent = (value: string): Promise<CallBack> => send(['traceparent', value])
const withState = (...values: string[]): Promise<CallBack> =>
  send(['traceparent', VALID], ...values.map((value): RawHeader => ['tracestate', value]))

describe('traceparent', () => {
  it('both_traceparent_and_tracestate_missing: starts a trace', async () => {
    expect((await send()).traceId).not.toBe(T)
  })

  it('traceparent_included_tracestate_missing: continues the trace under a new parent id', async () => {
    const { traceId, parentId } = await withParent(VALID)
    expect(traceId).toBe(T)
    expect(parentId).not.toBe(P)
  })

  it('traceparent_duplicated: starts a trace', async () => {
    const other = T.replace('1', '2')
    const { traceId } = await send(['traceparent', VALID], ['traceparent', `00-${other}-${P}-01`])
    expect([T, other]).not.toContain(traceId)
  })

  it.each(['trace-parent', 'trace.parent'])('traceparent_header_name: ignores %s', async name => {
    expect((await send([name, VALID])).traceId).not.toBe(T)
  })

  it.each(['TraceParent', 'TrAcEpArEnT', 'TRACEPARENT'])(
    'traceparent_header_name_valid_casing: accepts %s',
    async name => {
      expect((await send([name, VALID])).traceId).toBe(T)
    },
  )

  it.each([
    ['version_0x00', `00-${T}-${P}-01.`],
    ['version_0x00', `00-${T}-${P}-01-more`],
    ['version_0xcc', `cc-${T}-${P}-01.more`],
    ['version_0xff', `ff-${T}-${P}-01`],
    ['version_illegal_characters', `.0-${T}-${P}-01`],
    ['version_illegal_characters', `0.-${T}-${P}-01`],
    ['version_too_long', `000-${T}-${P}-01`],
    ['version_too_long', `0000-${T}-${P}-01`],
    ['version_too_short', `0-${T}-${P}-01`],
    ['trace_id_all_zero', `00-${'0'.repeat(32)}-${P}-01`],
    ['trace_id_illegal_characters', `00-.${T.slice(1)}-${P}-01`],
    ['trace_id_illegal_characters', `00-${T.slice(0, -1)}.-${P}-01`],
    ['trace_id_too_long', `00-${T}3-${P}-01`],
    ['trace_id_too_short', `00-${T.slice(1)}-${P}-01`],
    ['parent_id_all_zero', `00-${T}-${'0'.repeat(16)}-01`],
    ['parent_id_illegal_characters', `00-${T}-.${P.slice(1)}-01`],
    ['parent_id_illegal_characters', `00-${T}-${P.slice(0, -1)}.-01`],
    ['parent_id_too_long', `00-${T}-${P}7-01`],
    ['parent_id_too_short', `00-${T}-${P.slice(1)}-01`],
    ['trace_flags_illegal_characters', `00-${T}-${P}-.0`],
    ['trace_flags_illegal_characters', `00-${T}-${P}-0.`],
    ['trace_flags_too_long', `00-${T}-${P}-001`],
    ['trace_flags_too_short', `00-${T}-${P}-1`],
    ['upper case', `00-${T.replace('1', 'A')}-${P}-01`],
  ])('traceparent_%s: starts a trace after %s', async (_name, value) => {
    const { traceId } = await withParent(value)
    expect([T, `${T}3`.slice(1), T.slice(1), '0'.repeat(32)]).not.toContain(traceId)
    expect(traceId).not.toContain(T.slice(2))
  })

  it.each([`cc-${T}-${P}-01`, `cc-${T}-${P}-01-more`])(
    'traceparent_version_0xcc: reads %s as the known version',
    async value => {
      expect((await withParent(value)).traceId).toBe(T)
    },
  )

  it.each([` ${VALID}`, `\t${VALID}`, `${VALID} `, `${VALID}\t`, `\t ${VALID} \t`])(
    'traceparent_ows_handling: trims %j',
    async value => {
      expect((await withParent(value)).traceId).toBe(T)
    },
  )

  it('propagates_random_flag: keeps the random flag of the sender, sampled or not', async () => {
    expect(await withParent(`00-${T}-${P}-02`)).toMatchObject({ traceId: T, flags: 0x02 })
    expect(await withParent(`00-${T}-${P}-03`)).toMatchObject({ traceId: T, flags: 0x03 })
  })

  it('does not set the random flag itself, and clears unknown flags', async () => {
    expect(await withParent(`00-${T}-${P}-01`)).toMatchObject({ flags: 0x01 })
    expect(await withParent(`00-${T}-${P}-fc`)).toMatchObject({ traceId: T, flags: 0x00 })
  })

  it('sets the random flag for the traces it starts', async () => {
    expect((await send()).flags).toBe(0x03)
  })
})

describe('tracestate', () => {
  it('tracestate_included_traceparent_missing: is dropped', async () => {
    expect((await send(['tracestate', 'foo=1'])).members).toEqual([])
    expect((await send(['tracestate', 'foo=1,bar=2'])).members).toEqual([])
  })

  it('tracestate_included_traceparent_included: is passed on', async () => {
    expect(await withState('foo=1,bar=2')).toMatchObject({ traceId: T, members: ['foo=1', 'bar=2'] })
  })

  it.each(['trace-state', 'trace.state'])('tracestate_header_name: ignores %s', async name => {
    expect((await send(['traceparent', VALID], [name, 'foo=1'])).members).toEqual([])
  })

  it.each(['TraceState', 'TrAcEsTaTe', 'TRACESTATE'])(
    'tracestate_header_name_valid_casing: accepts %s',
    async name => {
      expect((await send(['traceparent', VALID], [name, 'foo=1'])).members).toEqual(['foo=1'])
    },
  )

  it('tracestate_empty_header: is ignored', async () => {
    expect(await withState('')).toMatchObject({ traceId: T, members: [] })
    expect(await withState('foo=1', '')).toMatchObject({ traceId: T, members: ['foo=1'] })
    expect(await withState('', 'foo=1')).toMatchObject({ traceId: T, members: ['foo=1'] })
  })

  it('tracestate_multiple_headers_different_keys: are combined in order', async () => {
    const { members } = await withState('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3')
    expect(members).toEqual(['foo=1', 'bar=2', 'rojo=1', 'congo=2', 'baz=3'])
  })

  it.each([
    ['foo=1,foo=1', undefined],
    ['foo=1,foo=2', undefined],
    ['foo=1', 'foo=1'],
    ['foo=1', 'foo=2'],
  ])('tracestate_duplicated_keys: keeps one of %s, %s', async (first, second) => {
    const { members } = await withState(...(second === undefined ? [first] : [first, second]))
    expect(members).toEqual(['foo=1'])
  })

  it('tracestate_all_allowed_characters: keeps them unchanged', async () => {
    const letters = 'abcdefghijklmnopqrstuvwxyz'
    const key = `${letters}0123456789_-*/`
    const value = [...Array(0x7f - 0x20).keys()].map(i => String.fromCodePoint(i + 0x20)).join('')
    const allowed = value.replaceAll(/[,= ]/g, '')
    for (const member of [`${key}=1`, `0${key}@a-z0-9_-*/=1`.replace('a-z0-9', letters), `foo= ${allowed}`]) {
      expect((await withState(member)).members).toEqual([member])
    }
  })

  it.each(['foo=1 \t , \t bar=2, \t baz=3', 'foo=1\t \t,\t \tbar=2,\t \tbaz=3', ' foo=1,bar=2,baz=3\t'])(
    'tracestate_ows_handling: trims %j',
    async value => {
      expect((await withState(value)).members).toEqual(['foo=1', 'bar=2', 'baz=3'])
    },
  )

  it.each(['foo =1', 'FOO=1', 'foo.bar=1'])('tracestate_key_illegal_characters: drops %s', async value => {
    expect(await withState(value)).toMatchObject({ traceId: T, members: [] })
  })

  it.each([
    ['foo@=1,bar=2', ['foo@=1', 'bar=2']],
    ['@foo=1,bar=2', []],
    ['foo@@bar=1,bar=2', ['foo@@bar=1', 'bar=2']],
    ['foo@bar@baz=1,bar=2', ['foo@bar@baz=1', 'bar=2']],
  ])('tracestate_key_illegal_vendor_format: %s', async (value, members) => {
    expect((await withState(value)).members).toEqual(members)
  })

  it('tracestate_member_count_limit: passes 32 members on and drops 33', async () => {
    const members = Array.from({ length: 33 }, (_item, index) => `bar${String(index + 1).padStart(2, '0')}=1`)
    const rows = [0, 8, 16, 24].map(from => members.slice(from, from + 8).join(','))
    expect((await withState(...rows)).members).toEqual(members.slice(0, 32))
    expect((await withState(...rows, 'bar33=1')).members).toEqual([])
  })

  it.each([
    ['z'.repeat(256), true],
    ['z'.repeat(257), false],
    [`${'t'.repeat(241)}@${'v'.repeat(14)}`, true],
    [`${'t'.repeat(242)}@v`, true],
    [`t@${'v'.repeat(15)}`, true],
  ])('tracestate_key_length_limit: %s', async (key, isKept) => {
    expect((await withState('foo=1', `${key}=1`)).members).toEqual(isKept ? ['foo=1', `${key}=1`] : [])
  })

  it.each(['foo=bar=baz', 'foo=,bar=3'])('tracestate_value_illegal_characters: drops %s', async value => {
    expect(await withState(value)).toMatchObject({ traceId: T, members: [] })
  })
})

describe('several calls for one request', () => {
  it.each([
    ['multiple_requests_with_valid_traceparent', [['traceparent', VALID]]],
    ['multiple_requests_without_traceparent', []],
    ['multiple_requests_with_illegal_traceparent', [['traceparent', `00-${'0'.repeat(32)}-${P}-01`]]],
  ] as [string, RawHeader[]][])('%s: have separate parent ids', async (_name, headers) => {
    const calls = await replay.send(headers, 3)
    expect(new Set(calls.map(call => call.parentId)).size).toBe(3)
    const traceIds = [...new Set(calls.map(call => call.traceId))]
    expect(traceIds.includes(T)).toBe(headers[0]?.[1] === VALID)
    expect(traceIds).not.toContain('0'.repeat(32))
  })
})
