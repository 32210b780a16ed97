import type { Transport } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'

import { testAdoptedSpans } from './adopted.ts'
import { testBrokenOff } from './broken-off.ts'
import { testConnections } from './connections.ts'
import { testCurrentRequest } from './current-request.ts'
import { testEndings } from './endings.ts'
import { testHeaders } from './headers.ts'
import { testHostileInput } from './hostile.ts'
import { testMetrics } from './metrics.ts'
import { type ShopFramework, testAnyRequest } from './properties.ts'
import { testStages } from './stages.ts'
import { testTaps } from './taps.ts'
import { describeOver, TRANSPORTS } from './transports.ts'
import { testTrust } from './trust.ts'

const SUITES = [
  testAdoptedSpans,
  testAnyRequest,
  testBrokenOff,
  testConnections,
  testCurrentRequest,
  testEndings,
  testHeaders,
  testHostileInput,
  testMetrics,
  testStages,
  testTaps,
  testTrust,
]

/** Runs every suite on a kind of server, over the given transports; with `SWEEPS=all` over every transport. */
export function testEverything(server: ShopFramework, transports: readonly Transport[]): void {
  // Outside of any describe, because it resets after each test of the file.
  recordTests()
  for (const transport of process.env['SWEEPS'] === 'all' ? TRANSPORTS : transports) {
    describeOver(transport, () => {
      for (const suite of SUITES) suite([server])
    })
  }
}
