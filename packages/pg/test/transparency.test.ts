import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { traceClient, tracePool } from '@spanwright/pg'
import { Client, Pool } from 'pg'

import { useDatabase } from './database.ts'
import { runs } from './runs.ts'

const db = useDatabase([
  'CREATE TABLE t (id int PRIMARY KEY, name text)',
  "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
])

type Target = Client | Pool

const bare: Record<string, Target> = {}
const traced: Record<string, Target> = {}

beforeAll(async () => {
  const newPool = (): Pool => new Pool({ ...db.config(), max: 1 }).on('error', () => {})
  bare['client'] = await connected()
  bare['pool'] = newPool()
  // Without comments: the server counts them in the position of an error at the end of the text.
  traced['client'] = traceClient(await connected(), { transactions: 'span', parameters: true })
  traced['pool'] = tracePool(newPool(), { checkout: 'span', leakThreshold: 60_000 })
})
afterAll(async () => {
  for (const target of [...Object.values(bare), ...Object.values(traced)]) await target.end()
})

async function connected(): Promise<Client> {
  const client = new Client(db.config())
  client.on('error', () => {})
  await client.connect()
  return client
}

interface Case {
  readonly text: unknown
  readonly values: unknown
  readonly shape: 'text' | 'config' | 'config and values' | 'frozen config' | 'template' | 'named'
  readonly style: 'promise' | 'callback'
  readonly rowMode: 'array' | undefined
}

const cases: fc.Arbitrary<Case> = fc.record({
  text: fc.constantFrom<unknown[]>(
    'SELECT 1 AS one',
    'SELECT * FROM t ORDER BY id',
    'SELECT * FROM t WHERE id = $1',
    'SELECT $1::text AS x, $2::int AS y',
    'SELECT 1; SELECT 2, 3',
    'SELECT broken',
    'SELECT 1 +',
    "SELECT 'x'::int",
    '',
    '-- nothing',
    'UPDATE t SET name = name RETURNING *',
    'INSERT INTO t VALUES (1)',
    undefined,
  ),
  values: fc.constantFrom<unknown[]>(undefined, [], [1], ['a', 2], [null, 3], [1, 2, 3], 'none', null),
  shape: fc.constantFrom('text', 'config', 'config and values', 'frozen config', 'template', 'named'),
  style: fc.constantFrom('promise', 'callback'),
  rowMode: fc.constantFrom('array', undefined),
})

/** The result of a call: how it ended, with which value, and the state of the caller's objects. */
async function outcomeOf(
  target: Target | undefined,
  { text, values, shape, style, rowMode }: Case,
): Promise<unknown> {
  const config = { text, values, rowMode, ...(shape === 'named' && { name: `n${String(text)}` }) }
  const first =
    shape === 'text'
      ? text
      : shape === 'frozen config'
        ? Object.freeze(config)
        : shape === 'template'
          ? Object.create({ text, values, rowMode })
          : config
  const args = shape === 'text' || shape === 'config and values' ? [first, values] : [first]
  const query = (...given: unknown[]): unknown => Reflect.apply(target?.query as never, target, given)
  let returned: unknown
  try {
    if (style === 'promise') {
      returned = query(...args)
      return { fulfilled: plain(await returned), kind: kindOf(returned), config: { ...config } }
    }
    const results = await new Promise<unknown[]>(resolve => {
      returned = query(...args, (...given: unknown[]) => resolve(given))
    })
    return { called: results.map(plain), kind: kindOf(returned), config: { ...config } }
  } catch (error) {
    return { failed: plain(error), kind: kindOf(returned), config: { ...config } }
  }
}

function kindOf(returned: unknown): string {
  return returned instanceof Promise ? 'promise' : typeof returned
}

/** A result or an error as data: its class and contents. Functions of a result are created for each. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  const { message } = value as { message?: unknown }
  const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function')
  return [value.constructor.name, message, JSON.stringify(entries)]
}

describe('a traced client or pool', () => {
  it.each(['client', 'pool'])(
    'gives the results and errors of a bare one, for any call (%s)',
    async kind => {
      await fc.assert(
        fc.asyncProperty(cases, async example => {
          expect(await outcomeOf(traced[kind], example)).toEqual(await outcomeOf(bare[kind], example))
        }),
        { numRuns: runs(400), seed: 20_261_122 },
      )
      expect(db.recorder.open()).toEqual([])
    },
    60_000,
  )
})
