import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'

type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>

interface Configuration {
  readonly extensions: Components
  readonly receivers: Components
  readonly processors: Components
  readonly exporters: Components
  readonly service: {
    readonly extensions: readonly string[]
    readonly pipelines: Readonly<
      Record<string, Readonly<Record<'receivers' | 'processors' | 'exporters', readonly string[]>>>
    >
  }
}

/** Settings that each component knows (Collector's own documentation); another one would keep it from starting. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  health_check: ['endpoint', 'path'],
  file_storage: ['directory', 'timeout', 'compaction', 'create_directory'],
  otlp: ['protocols'],
  memory_limiter: [
    'check_interval',
    'limit_percentage',
    'spike_limit_percentage',
    'limit_mib',
    'spike_limit_mib',
  ],
  tail_sampling: ['decision_wait', 'num_traces', 'expected_new_traces_per_sec', 'decision_cache', 'policies'],
  batch: ['timeout', 'send_batch_size', 'send_batch_max_size'],
  otlp_grpc: ['endpoint', 'tls', 'sending_queue', 'retry_on_failure', 'timeout', 'compression', 'headers'],
  load_balancing: ['routing_key', 'resolver', 'protocol'],
}

const SECTIONS = ['extensions', 'receivers', 'processors', 'exporters'] as const

function read(name: string): Configuration {
  return parse(readFileSync(join(__dirname, '..', name), 'utf8'), { strict: true }) as Configuration
}

describe.each(['single.yaml', 'tier-front.yaml', 'tier-sampling.yaml'])('%s', name => {
  const configuration = read(name)

  it('has no setting that its component does not know', () => {
    for (const section of SECTIONS) {
      for (const [component, settings] of Object.entries(configuration[section])) {
        expect(KNOWN[component]).toEqual(expect.arrayContaining(Object.keys(settings)))
      }
    }
  })

  it('uses everything it defines, and nothing else', () => {
    const { service } = configuration
    expect(service.extensions.toSorted()).toEqual(Object.keys(configuration.extensions).toSorted())
    for (const section of ['receivers', 'processors', 'exporters'] as const) {
      const used = Object.values(service.pipelines).flatMap(pipeline => pipeline[section])
      expect([...new Set(used)].toSorted()).toEqual(Object.keys(configuration[section]).toSorted())
    }
  })

  it('limits memory first and batches last', () => {
    for (const { processors } of Object.values(configuration.service.pipelines)) {
      expect(processors[0]).toBe('memory_limiter')
      expect(processors.at(-1)).toBe('batch')
    }
  })
})

describe('the tier', () => {
  it('sends all spans of a trace to the same collector, which decides as a single one would', () => {
    expect(read('tier-front.yaml').exporters['load_balancing']).toMatchObject({ routing_key: 'traceID' })
    const sampling = read('tier-sampling.yaml')
    expect(sampling.processors).toEqual(read('single.yaml').processors)
    expect(sampling.exporters['otlp_grpc']).toMatchObject({ sending_queue: { storage: 'file_storage' } })
  })
})
