import { expect, it } from '@jest/globals'

import { LONGEST, run } from './program.ts'

it(
  'the program for KafkaJS prints the traces of its messages and of their batch',
  async () => {
    const { output, traces } = await run('kafkajs')

    expect(output.trimEnd().split('\n')).toEqual(['packed tea', 'there is no box for an elephant'])
    // A trace is printed anew for what comes later, however it falls; links show ids.
    const spans = traces.filter(line => !line.startsWith('trace')).map(line => line.replace(/ ⇠.*/, ''))
    expect(spans).toEqual([
      'warehouse INTERNAL take an order',
      'warehouse └─ PRODUCER send orders',
      'warehouse CONSUMER process orders',
      'warehouse └─ INTERNAL pack',
      'warehouse CONSUMER process orders ✗ RangeError',
      'warehouse └─ INTERNAL pack ✗ RangeError',
      'warehouse CONSUMER process orders',
    ])
    expect(traces.filter(line => line.includes('⇠'))).toHaveLength(3)
  },
  LONGEST,
)
