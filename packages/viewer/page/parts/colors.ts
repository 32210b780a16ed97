/** Hues that can be told apart in light and dark. Red is left to errors. */
const HUES = [262, 160, 305, 55, 208, 348, 130, 285, 85, 188, 328, 108] as const

const taken = new Map<string, number>()

/** The hue of a service: the same on every page where no other service had it first. */
export function hueOf(service: string): number {
  const known = taken.get(service)
  if (known !== undefined) return known
  const used = new Set(taken.values())
  const first = hashOf(service) % HUES.length
  const order = HUES.map((_, index) => HUES[(first + index) % HUES.length] ?? 0)
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

/** For `style`: what the colours of a service are made from. */
export function serviceStyle(service: string): Record<string, number> {
  const hue = hueOf(service)
  // Dark orange and yellow are brown.
  return { '--hue': hue, '--lift': hue > 40 && hue < 120 ? 0.07 : 0 }
}
