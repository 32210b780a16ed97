/** Hues that are easy to distinguish. Red is reserved for errors. */
const HUES = [262, 152, 312, 62, 212, 348, 105] as const
/** Further hues, for when all others are in use. */
const MORE_HUES = [285, 180, 42, 128, 235, 330] as const

const taken = new Map<string, number>()

/** The hue of a service: the same on every page unless another service already has it. */
export function hueOf(service: string): number {
  const known = taken.get(service)
  if (known !== undefined) return known
  const used = new Set(taken.values())
  const first = hashOf(service) % HUES.length
  const order = [...HUES.slice(first), ...HUES.slice(0, first), ...MORE_HUES]
  const hue = order.find(each => !used.has(each)) ?? order[0] ?? 0
  taken.set(service, hue)
  return hue
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** The colours of a service, for `style`. */
export function serviceStyle(service: string): Record<string, number> {
  const hue = hueOf(service)
  // Dark orange and yellow are brown.
  return { '--hue': hue, '--lift': hue > 40 && hue < 120 ? 0.07 : 0 }
}
