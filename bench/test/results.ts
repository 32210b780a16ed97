import type { LibraryResult, Results, Row } from '../src/results.ts'

function row(variant: Row['variant'], state: Row['state'], cpu: number): Row {
  return {
    variant,
    state,
    cpu: { median: cpu, min: cpu - 1, max: cpu + 2 },
    bytes: { median: cpu * 100, min: cpu * 90, max: cpu * 110 },
    ...(variant !== 'sentry' && { spans: state === 'sampled' ? 1 : 0 }),
  }
}

/** Express with overheads that are easy to divide: 100 bare, spanwright 20 sampled, otel 90, hand-written 16. */
export const EXPRESS: LibraryResult = {
  library: 'express',
  rows: [
    row('bare', 'none', 100),
    row('spanwright', 'none', 101),
    row('spanwright', 'unsampled', 110),
    row('spanwright', 'sampled', 120),
    row('otel', 'none', 130),
    row('otel', 'unsampled', 140),
    row('otel', 'sampled', 190),
    row('hand-written', 'none', 102),
    row('hand-written', 'unsampled', 108),
    row('hand-written', 'sampled', 116),
    row('sentry', 'unsampled', 300),
    { variant: 'sentry', state: 'sampled', failed: 'the process ended with code 1\nat start' },
  ],
}

export const SKIPPED: LibraryResult = {
  library: 'pg',
  skipped: 'PostgreSQL: initdb failed',
  rows: [],
}

export const RESULTS: Results = {
  date: '2026-11-22',
  machine: { cpu: 'Some CPU', cores: 2, memoryGigabytes: 24, system: 'Linux 6.1' },
  loadBefore: 0.2,
  versions: { node: 'v20.20.2', express: '5.3.0' },
  generations: 2,
  rounds: 10,
  secondsPerRound: 0.5,
  libraries: [EXPRESS, SKIPPED],
}
