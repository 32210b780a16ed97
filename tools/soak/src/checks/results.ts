import type { Disturbance } from '../faults.ts'
import type { RequestKind } from '../schedule.ts'
import type { Effect } from '../shop/effects.ts'
import type { Answer } from '../shop/request.ts'
import type { Check } from './check.ts'

/** What came of the requests to a shop. */
export interface Results {
  readonly answers: readonly Answer[]
  readonly effects: ReadonlyMap<number, Effect>
  readonly disturbances: readonly Disturbance[]
}

const NOTHING: Effect = { rows: [], messages: 0 }

/** The status of each kind of request when nothing fails. */
const STATUS: Readonly<Record<RequestKind, number | 'aborted'>> = {
  order: 201,
  'sold out': 409,
  'unknown item': 409,
  'rejected by the database': 500,
  'read an order': 200,
  'read a missing order': 404,
  'abort in mid-request': 'aborted',
  'abort before the response': 'aborted',
  'abort in mid-response': 'aborted',
}

/** How far the work of an aborted order gets depends on the moment. */
const RACES: readonly RequestKind[] = ['abort before the response']

/** Milliseconds for which the work of an aborted order may go on. */
const AFTERMATH = 10_000

/** Below this share of requests, equality of the rest would say little. */
const LEAST_COMPARED = 0.15

/**
 * Whether requests had the same result without tracing and with it: status, body, rows and messages. Requests during a
 * fault depend on the moment; for these, {@link checkInvariants} holds in both shops.
 */
export function compareResults(bare: Results, traced: Results): Check {
  const others = new Map(traced.answers.map(answer => [answer.number, answer]))
  const faults: string[] = []
  let compared = 0
  for (const answer of bare.answers) {
    const other = others.get(answer.number)
    if (!other || isUncertain(answer, bare) || isUncertain(other, traced)) continue
    compared += 1
    const [without, within] = [resultOf(answer, bare), resultOf(other, traced)]
    if (without !== within)
      faults.push(`request ${answer.number} (${answer.kind}): ${without} without tracing, ${within} with it`)
  }
  if (compared < bare.answers.length * LEAST_COMPARED || compared === 0)
    faults.push(`only ${compared} of ${bare.answers.length} requests could be compared`)
  return {
    name: 'results equal to those without tracing',
    figures: `${compared} of ${bare.answers.length} requests compared; the others were during a fault or raced with their client`,
    faults,
  }
}

function isUncertain(answer: Answer, results: Results): boolean {
  return RACES.includes(answer.kind) || isDisturbed(answer, results)
}

function isDisturbed({ from, to, kind }: Answer, { disturbances }: Results): boolean {
  const end = RACES.includes(kind) ? to + AFTERMATH : to
  return disturbances.some(disturbance => from <= disturbance.to && end >= disturbance.from)
}

/** Everything but the id of an order, which depends on the order in which requests arrive. */
function resultOf({ number, status, body }: Answer, { effects }: Results): string {
  const { rows, messages } = effects.get(number) ?? NOTHING
  return JSON.stringify({
    status,
    body: status === 201 ? { ...(JSON.parse(body) as object), id: 'any' } : body,
    rows: rows.map(row => ({ sku: row.sku, status: row.status })),
    messages,
  })
}

/** Whether what must be true at any moment is true for every request to a shop. */
export function checkInvariants(name: string, results: Results): Check {
  const faults = results.answers.flatMap(answer =>
    faultsOf(answer, results).map(fault => `request ${answer.number} (${answer.kind}): ${fault}`),
  )
  const outcomes = new Map<string, number>()
  for (const { status } of results.answers)
    outcomes.set(String(status), (outcomes.get(String(status)) ?? 0) + 1)
  const figures = [...outcomes]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${count} × ${what}`)
  return { name: `invariants, ${name}`, figures: figures.join(', '), faults }
}

function faultsOf(answer: Answer, results: Results): string[] {
  const { rows, messages } = results.effects.get(answer.number) ?? NOTHING
  const { kind, status } = answer
  const mayFail = isDisturbed(answer, results)
  const isRace = RACES.includes(kind)
  const orders = kind === 'order' || isRace
  const [row] = rows
  return [
    ...(status === STATUS[kind] || (mayFail && status === 500) || (isRace && status === 201)
      ? []
      : [`ended with ${status} ${answer.body}, expected ${STATUS[kind]}`]),
    ...(rows.length > (orders ? 1 : 0) ? [`${rows.length} rows`] : []),
    ...(status === 201 && !row ? ['answered with 201, and has no row'] : []),
    ...(status === 201 && row && idIn(answer.body) !== row.id
      ? [`answered with ${answer.body}, and has the row ${row.id}`]
      : []),
    ...(status === 201 && messages === 0 ? ['answered with 201, and has no message'] : []),
    ...(messages > 1 && !mayFail ? [`${messages} messages`] : []),
    ...(messages > 0 && row && row.status !== 'shipped'
      ? [`was announced, and is ${row.status} instead of shipped`]
      : []),
  ]
}

function idIn(body: string): string {
  return (JSON.parse(body) as { readonly id: string }).id
}
