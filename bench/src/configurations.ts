import type { Library, SdkState, Variant } from './measured/protocol.ts'

/** One row of a measurement: who traces, and with how much of an SDK. */
export interface Configuration {
  readonly variant: Variant
  readonly state: SdkState
}

export const VARIANTS: readonly Variant[] = [
  'bare',
  'pass-through',
  'spanwright',
  'by-hand',
  'by-hand-otel',
  'otel',
  'otel-lean',
  'dd-trace',
  'sentry',
]

/** What the variants are called in documents. */
export const NAMES: Readonly<Record<Variant, string>> = {
  bare: 'no tracing',
  'pass-through': 'a hook that does nothing',
  spanwright: 'spanwright',
  'by-hand': 'by hand on spanwright',
  'by-hand-otel': 'by hand on OpenTelemetry',
  otel: 'OpenTelemetry',
  'otel-lean': 'OpenTelemetry, as many spans',
  'dd-trace': 'dd-trace',
  sentry: 'Sentry',
}

/**
 * What takes turns, at most seven at a time: a process that waits longer for its turn is cold. Each group has a bare
 * process of its own to be compared with.
 */
const GROUPS: readonly (readonly (readonly [Variant, SdkState])[])[] = [
  [
    ['spanwright', 'exported'],
    ['by-hand', 'exported'],
    ['by-hand-otel', 'exported'],
    ['otel', 'exported'],
    ['otel-lean', 'exported'],
  ],
  [
    ['pass-through', 'none'],
    ['spanwright', 'none'],
    ['spanwright', 'unsampled'],
    ['by-hand-otel', 'unsampled'],
    ['otel', 'unsampled'],
  ],
  [
    ['dd-trace', 'exported'],
    ['sentry', 'exported'],
  ],
]

/** Where a variant would be another one by another name, or none at all. */
const ONLY: Partial<Record<Variant, readonly Library[]>> = {
  'pass-through': ['undici'],
  'otel-lean': ['express', 'koa', 'pg', 'service'],
}

/** What an SDK costs by itself is measured without any tracing, and a span by hand has no instrumentation. */
const WITHOUT: Partial<Record<Library, readonly Variant[]>> = {
  sdk: ['by-hand', 'by-hand-otel'],
  'with-span': ['otel', 'dd-trace', 'sentry'],
}

/** Everything a library is measured with, in groups that take turns; the first of each group is bare. */
export function groupsOf(library: Library, variants: readonly Variant[]): Configuration[][] {
  return GROUPS.map(group => [
    { variant: 'bare', state: 'none' } as const,
    ...group
      .filter(([variant]) => variants.includes(variant))
      .filter(([variant]) => ONLY[variant]?.includes(library) ?? true)
      .filter(([variant]) => !WITHOUT[library]?.includes(variant))
      .map(([variant, state]) => ({ variant, state })),
  ]).filter((group, index) => group.length > 1 || index === 0)
}
