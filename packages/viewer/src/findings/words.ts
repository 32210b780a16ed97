/** `1 span`, `2 spans`. */
export function count(number: number, word: string, plural = `${word}s`): string {
  return `${number} ${number === 1 ? word : plural}`
}

/** A duration as readable text: `0.4 ms`, `24.7 ms`, `3.20 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 60_000) return `${(milliseconds / 60_000).toFixed(1)} min`
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`
  if (milliseconds >= 100) return `${milliseconds.toFixed(0)} ms`
  if (milliseconds >= 0.1 || milliseconds === 0) return `${milliseconds.toFixed(1)} ms`
  return `${(milliseconds * 1000).toFixed(0)} µs`
}

/** A fraction as a percentage. */
export function percent(part: number, whole: number): string {
  return `${whole > 0 ? Math.round((100 * part) / whole) : 0} %`
}
