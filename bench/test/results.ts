import type { LibraryResult, Results, Row } from '../src/results.ts'

function row(variant: Row['variant'], state: Row['state'], cpu: number, group = 0): Row {
  return {
    variant,
    state,
    group,
    cpu: { median: cpu, min: cpu - 1, max: cpu + 2 },
    bytes: { median: cpu * 100, min: cpu * 90, max: cpu * 110 },
    startUp: { median: cpu * 2, min: cpu, max: cpu * 3 },
    longestDelay: cpu / 10,
    residentBytes: cpu * 1e6,
    ...(variant !== 'sentry' && { spans: state === 'exported' ? 1 : 0 }),
    ...(variant === 'otel' && state === 'exported' && { lost: 0.25 }),
  }
}

/** Express with overheads that are easy to divide; the bare program of the second group is slower than that of the first. */
export const EXPRESS: LibraryResult = {
  library: 'express',
  rows: [
    row('bare', 'none', 100),
    row('spanwright', 'exported', 120),
    row('by-hand', 'exported', 116),
    row('by-hand-otel', 'exported', 140),
    row('otel', 'exported', 190),
    row('bare', 'none', 110, 1),
    row('spanwright', 'none', 111, 1),
    row('spanwright', 'unsampled', 120, 1),
    row('otel', 'unsampled', 150, 1),
    row('bare', 'none', 100, 2),
    { variant: 'sentry', state: 'exported', group: 2, failed: 'the process ended with code 1\nat start' },
  ],
}

/** A client whose users pay for any hook. */
export const UNDICI: LibraryResult = {
  library: 'undici',
  rows: [row('bare', 'none', 50), row('pass-through', 'none', 56), row('spanwright', 'none', 57)],
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
  versions: { node: 'v24.1.0', express: '5.3.0' },
  generations: 1,
  rounds: 5,
  secondsPerRound: 1,
  libraries: [EXPRESS, SKIPPED],
}
