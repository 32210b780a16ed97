import { randomFillSync } from 'node:crypto'

import type { IdGenerator } from '../types.ts'

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8
/** Random bytes are fetched for many ids at once; a call costs more than what it brings. */
const POOL_BYTES = 8192

const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

function randomHex(bytes: number): string {
  for (;;) {
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const from = used
    used += bytes
    // An id of zeros alone is not valid.
    for (let index = from; index < used; index++) {
      if (pool[index] !== 0) return pool.toString('hex', from, used)
    }
  }
}

/** Makes random ids. */
export const randomIds: IdGenerator = {
  generateTraceId: () => randomHex(TRACE_ID_BYTES),
  generateSpanId: () => randomHex(SPAN_ID_BYTES),
}
