import type { Variant } from '../protocol.ts'

/** True for the variants whose spans are written by hand. */
export function isByHand(variant: Variant): boolean {
  return variant === 'by-hand' || variant === 'by-hand-otel'
}
