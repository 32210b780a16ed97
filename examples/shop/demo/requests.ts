/** What a visitor of the shop does, and what must come of it. */
export interface Visit {
  readonly what: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  readonly status: number
  /** Every span of its trace: service, kind and name. */
  readonly spans: readonly string[]
}

/** What every order begins with, whatever becomes of it. */
const RESERVATION = [
  'gateway SERVER POST /orders',
  'gateway CLIENT POST',
  'inventory SERVER POST /reservations',
  'inventory CLIENT UPDATE stock',
]

/** What follows when the stock is reserved. */
const QUOTE = ['gateway CLIENT shop.Pricing/Quote', 'pricing SERVER shop.Pricing/Quote']

export const VISITS: readonly Visit[] = [
  {
    what: 'an order that works',
    method: 'POST',
    path: '/orders',
    body: { sku: 'teapot', quantity: 2 },
    status: 201,
    spans: [
      ...RESERVATION,
      ...QUOTE,
      'gateway CLIENT INSERT orders',
      'gateway PRODUCER send orders.placed',
      'fulfilment CONSUMER process orders.placed',
      'fulfilment CLIENT POST',
      'inventory SERVER POST /shipments',
      'fulfilment CLIENT UPDATE orders',
    ],
  },
  {
    what: 'an order that is out of stock',
    method: 'POST',
    path: '/orders',
    body: { sku: 'kettle', quantity: 1 },
    status: 409,
    spans: RESERVATION,
  },
  {
    what: 'an order that does not exist',
    method: 'GET',
    path: '/orders/999999',
    status: 404,
    spans: ['gateway SERVER GET /orders/:id', 'gateway CLIENT SELECT orders'],
  },
  {
    what: 'an order that the database rejects',
    method: 'POST',
    path: '/orders',
    body: { sku: 'teapot', quantity: 0 },
    status: 500,
    spans: [...RESERVATION, ...QUOTE, 'gateway CLIENT INSERT orders'],
  },
]

/**
 * Sends the request of a visit.
 * @throws Error when another status comes back
 */
export async function visit(gateway: string, { what, method, path, body, status }: Visit): Promise<void> {
  const response = await fetch(`${gateway}${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const answer = await response.text()
  if (response.status !== status) {
    throw new Error(`${what}: expected ${status}, got ${response.status} ${answer}`)
  }
}
