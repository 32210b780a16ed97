import { between, randomFrom, shuffled } from './random.ts'

/** Requests per second to each shop. */
export const RATE = 20

/** Ids of orders that exist from the beginning. */
export const SMALL_ORDER = 1
export const LARGE_ORDER = 2

/** What a request does, and how often among 100. */
const WEIGHTS = {
  order: 52,
  'sold out': 7,
  'unknown item': 4,
  'rejected by the database': 4,
  'read an order': 10,
  'read a missing order': 7,
  'abort in mid-request': 5,
  'abort before the response': 6,
  'abort in mid-response': 5,
} as const

export type RequestKind = keyof typeof WEIGHTS

/** A request, which depends only on the seed and its number. */
export interface PlannedRequest {
  readonly number: number
  readonly kind: RequestKind
  /** Milliseconds until the client aborts, for the kind that waits for it. */
  readonly abortAfter: number
}

/** The faults that the application notices, and those that only its telemetry may notice. */
const APPLICATION_FAULTS = [
  'PostgreSQL restarts',
  'broker restarts',
  'handlers are slow',
  'clock jumps forward',
  'clock jumps back',
  'service is killed',
] as const
const COLLECTOR_FAULTS = ['refuses connections', 'answers 429', 'answers 503', 'hangs'] as const

export type ApplicationFault = (typeof APPLICATION_FAULTS)[number]
export type CollectorFault = (typeof COLLECTOR_FAULTS)[number]

/** A service that may be killed. The gateway is not: its clients would have to know. */
type Victim = 'inventory' | 'pricing' | 'fulfilment'
const VICTIMS: readonly Victim[] = ['inventory', 'pricing', 'fulfilment']

/** A fault that begins with the request of that number. */
export interface Fault<Kind extends string> {
  readonly kind: Kind
  readonly at: number
  /** Milliseconds. */
  readonly duration: number
  /** Milliseconds by which a clock jumps. */
  readonly jump: number
  readonly victim: Victim
}

/** Everything that is determined by the seed and the length of the run. */
export interface Schedule {
  readonly seed: number
  /** Requests at {@link RATE}, during which the faults happen. */
  readonly requests: number
  /** Seconds of load as high as the machine gives, after these. */
  readonly fullLoad: number
  readonly application: readonly Fault<ApplicationFault>[]
  /** Happens at the same time as the faults of the application. */
  readonly collector: readonly Fault<CollectorFault>[]
}

/** Share of the run that has requests at a steady rate, and of full load. The rest is for starting and settling. */
const STEADY = 0.75
const FULL = 0.1

export function scheduleOf(seed: number, minutes: number): Schedule {
  const requests = Math.round(minutes * 60 * STEADY * RATE)
  return {
    seed,
    requests,
    fullLoad: minutes * 60 * FULL,
    application: faultsOf(APPLICATION_FAULTS, requests, randomFrom(seed, 1)),
    collector: faultsOf(COLLECTOR_FAULTS, requests, randomFrom(seed, 2)),
  }
}

/** Every kind once in random order, then every kind again, as long as there is time for another one. */
function faultsOf<Kind extends string>(
  kinds: readonly Kind[],
  requests: number,
  random: () => number,
): Fault<Kind>[] {
  const faults: Fault<Kind>[] = []
  let order: Kind[] = []
  // Nothing fails during the first tenth, in which services warm up.
  for (let at = Math.round(requests / 10); at < requests * 0.9;) {
    if (order.length === 0) order = shuffled(kinds, random)
    const kind = order.pop()
    if (kind === undefined) break
    const fault = {
      kind,
      at,
      duration: between(500, 2500, random),
      jump: between(60_000, 3_600_000, random),
      victim: VICTIMS[between(0, VICTIMS.length - 1, random)] ?? 'inventory',
    }
    // A process must live for long enough to see whether its heap grows.
    if (kind === 'service is killed' && at > requests / 2) continue
    faults.push(fault)
    at += between(4 * RATE, 9 * RATE, random)
  }
  return faults
}

/** The request of a number. */
export function requestOf(seed: number, number: number): PlannedRequest {
  const random = randomFrom(seed, 3, number)
  let left = random() * 100
  const kinds = Object.entries(WEIGHTS) as [RequestKind, number][]
  const found = kinds.find(([, weight]) => (left -= weight) < 0)
  return { number, kind: found?.[0] ?? 'order', abortAfter: between(0, 40, random) }
}
