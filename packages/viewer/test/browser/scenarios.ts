import type { SpanInWords } from '../traces.ts'

const DATABASE = {
  'db.system.name': 'postgresql',
  'db.namespace': 'shop',
  'server.address': 'db.internal',
  'server.port': 5432,
}

function query(
  id: string,
  parent: string,
  service: string,
  summary: string,
  at: readonly [number, number],
  text: string,
  more: Partial<SpanInWords> = {},
): SpanInWords {
  return {
    id,
    parent,
    service,
    name: summary,
    kind: 'CLIENT',
    at,
    ...more,
    attributes: { ...DATABASE, 'db.query.summary': summary, 'db.query.text': text, ...more.attributes },
  }
}

function serve(
  id: string,
  parent: string | undefined,
  service: string,
  route: string,
  status: number,
  at: readonly [number, number],
  more: Partial<SpanInWords> = {},
): SpanInWords {
  const [method = '', path = ''] = route.split(' ')
  return {
    id,
    ...(parent !== undefined && { parent }),
    service,
    name: route,
    kind: 'SERVER',
    at,
    ...more,
    attributes: {
      'http.request.method': method,
      'http.route': path,
      'url.path': path.replace(':id', '81'),
      'http.response.status_code': status,
      ...more.attributes,
    },
  }
}

function call(
  id: string,
  parent: string,
  service: string,
  method: string,
  url: string,
  status: number,
  at: readonly [number, number],
  more: Partial<SpanInWords> = {},
): SpanInWords {
  return {
    id,
    parent,
    service,
    name: method,
    kind: 'CLIENT',
    at,
    ...(status >= 400 && { failed: true }),
    ...more,
    attributes: {
      'http.request.method': method,
      'url.full': url,
      'server.address': new URL(url).hostname,
      'http.response.status_code': status,
      ...(status >= 400 && { 'error.type': String(status) }),
      ...more.attributes,
    },
  }
}

const RESERVE = 'http://inventory.internal/reservations'
const UPDATE_STOCK = 'UPDATE stock SET left = left - $2 WHERE sku = $1'

/** The traces of the demo (examples/shop), with fixed times. None has a finding. */
const ORDERS: readonly (readonly SpanInWords[])[] = [
  [
    serve('1', undefined, 'gateway', 'POST /orders', 201, [0, 129.3]),
    call('2', '1', 'gateway', 'POST', RESERVE, 200, [12, 79.3]),
    serve('3', '2', 'inventory', 'POST /reservations', 200, [26, 69.6]),
    query('4', '3', 'inventory', 'UPDATE stock', [44, 64.9], UPDATE_STOCK),
    query(
      '5',
      '1',
      'gateway',
      'INSERT orders',
      [84, 105.7],
      'INSERT INTO orders (sku, quantity) VALUES ($1, $2)',
    ),
    {
      id: '6',
      parent: '1',
      service: 'gateway',
      name: 'send orders.placed',
      kind: 'PRODUCER',
      at: [107, 119.6],
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders.placed' },
    },
    {
      id: '7',
      parent: '6',
      service: 'fulfilment',
      name: 'process orders.placed',
      kind: 'CONSUMER',
      at: [131, 159.2],
      links: ['6'],
      attributes: {
        'messaging.system': 'kafka',
        'messaging.destination.name': 'orders.placed',
        'spanwright.messaging.queue_time': 0.0114,
      },
    },
    query(
      '8',
      '7',
      'fulfilment',
      'UPDATE orders',
      [132, 157.6],
      'UPDATE orders SET state = $2 WHERE id = $1',
    ),
  ],
  [
    serve('1', undefined, 'gateway', 'POST /orders', 409, [0, 41.5]),
    call('2', '1', 'gateway', 'POST', RESERVE, 409, [3, 39.1]),
    serve('3', '2', 'inventory', 'POST /reservations', 409, [8, 34.2]),
    query('4', '3', 'inventory', 'UPDATE stock', [13, 30.8], UPDATE_STOCK),
  ],
  [
    serve('1', undefined, 'gateway', 'GET /orders/:id', 404, [0, 14.2]),
    query('2', '1', 'gateway', 'SELECT orders', [2, 12.9], 'SELECT * FROM orders WHERE id = $1'),
  ],
  [
    serve('1', undefined, 'gateway', 'POST /orders', 500, [0, 63.4], {
      failed: true,
      attributes: { 'error.type': '23514' },
    }),
    call('2', '1', 'gateway', 'POST', RESERVE, 200, [4, 32.6]),
    serve('3', '2', 'inventory', 'POST /reservations', 200, [9, 29.4]),
    query('4', '3', 'inventory', 'UPDATE stock', [13, 26.1], UPDATE_STOCK),
    query(
      '5',
      '1',
      'gateway',
      'INSERT orders',
      [36, 58.8],
      'INSERT INTO orders (sku, quantity) VALUES ($1, $2)',
      {
        failed: true,
        attributes: { 'error.type': '23514', 'spanwright.db.error.constraint': 'orders_quantity_check' },
      },
    ),
  ],
]

/** A page of a shop with the usual faults: a query per row, reads in a row, a retry. */
const CART: readonly SpanInWords[] = [
  serve('1', undefined, 'storefront', 'GET /carts/:id', 200, [0, 412]),
  query('2', '1', 'storefront', 'SELECT carts', [6, 21], 'SELECT * FROM carts WHERE id = $1'),
  { id: '3', parent: '1', service: 'storefront', name: 'load items', at: [22, 168] },
  ...Array.from({ length: 9 }, (_, index) =>
    query(
      `4${index}`,
      '3',
      'storefront',
      'SELECT products',
      [24 + 16 * index, 36 + 16 * index],
      'SELECT name, price FROM products WHERE id = $1',
    ),
  ),
  call('50', '1', 'storefront', 'GET', 'http://pricing/prices?cart=81', 200, [172, 266]),
  serve('51', '50', 'pricing', 'GET /prices', 200, [178, 260]),
  { id: '52', parent: '51', service: 'pricing', name: 'compute discounts', at: [182, 206] },
  {
    id: '53',
    parent: '51',
    service: 'pricing',
    name: 'GET rates',
    kind: 'CLIENT',
    at: [207, 251],
    attributes: {
      'db.system.name': 'redis',
      'db.query.summary': 'GET rates',
      'server.address': 'cache.internal',
    },
  },
  call('60', '1', 'storefront', 'GET', 'http://stock/levels?cart=81', 503, [270, 302]),
  serve('61', '60', 'stock', 'GET /levels', 503, [275, 299], {
    failed: true,
    attributes: { 'error.type': 'PoolTimeout' },
    events: [
      {
        name: 'exception',
        at: 297,
        attributes: {
          'exception.type': 'PoolTimeout',
          'exception.message': 'no connection within 20 ms',
          'exception.stacktrace':
            'PoolTimeout: no connection within 20 ms\n    at Pool.checkout (/srv/stock/pool.js:45:11)\n    at levels (/srv/stock/levels.js:18:24)',
        },
      },
    ],
  }),
  call('70', '1', 'storefront', 'GET', 'http://stock/levels?cart=81', 200, [322, 371], {
    attributes: { 'http.request.resend_count': 1 },
  }),
  serve('71', '70', 'stock', 'GET /levels', 200, [327, 366]),
  query('72', '71', 'stock', 'SELECT levels', [330, 361], 'SELECT sku, left FROM levels WHERE sku = ANY($1)'),
  { id: '80', parent: '1', service: 'storefront', name: 'render', at: [374, 409] },
]

const HOSTILE = `</script><script>hacked=1</script><img src=x onerror="hacked=1">"'\`<!--`

/** A trace whose every text is an attack. */
const ATTACK: readonly SpanInWords[] = [
  {
    id: '1',
    service: HOSTILE,
    name: HOSTILE,
    kind: 'SERVER',
    failed: true,
    attributes: { [HOSTILE]: HOSTILE, 'error.type': HOSTILE, 'url.full': 'javascript:hacked=1' },
    events: [{ name: HOSTILE, at: 10, attributes: { 'exception.stacktrace': HOSTILE } }],
  },
  { id: '2', parent: '1', service: HOSTILE, name: HOSTILE, links: ['1'] },
]

/** Traces by the names that the sending program accepts. */
export const SCENARIOS: Readonly<Record<string, readonly (readonly SpanInWords[])[]>> = {
  orders: ORDERS,
  cart: [CART],
  attack: [ATTACK],
}
