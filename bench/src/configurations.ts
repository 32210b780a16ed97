import type { SdkState, Variant } from './measured/protocol.ts'

/** One column of a measurement: who traces, and with how much of an SDK. */
export interface Configuration {
  readonly variant: Variant
  readonly state: SdkState
}

/** What stands beside bare, and in which states it can be. A product brings its SDK along: it is never without. */
const STATES: Readonly<Record<Exclude<Variant, 'bare'>, readonly SdkState[]>> = {
  spanwright: ['none', 'unsampled', 'sampled'],
  otel: ['none', 'unsampled', 'sampled'],
  'hand-written': ['none', 'unsampled', 'sampled'],
  'dd-trace': ['unsampled', 'sampled'],
  sentry: ['unsampled', 'sampled'],
}

export const VARIANTS: readonly Variant[] = [
  'bare',
  'spanwright',
  'otel',
  'hand-written',
  'dd-trace',
  'sentry',
]

/** Everything a library is measured with. Without tracing an SDK does nothing, so bare is measured once. */
export function configurationsOf(variants: readonly Variant[]): Configuration[] {
  return variants.flatMap(variant => {
    const states = variant === 'bare' ? (['none'] as const) : STATES[variant]
    return states.map(state => ({ variant, state }))
  })
}
