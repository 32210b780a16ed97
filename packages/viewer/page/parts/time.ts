/** A start time as a time of day. */
export function timeOfDay(milliseconds: number): string {
  const date = new Date(milliseconds)
  const fraction = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** A start time with its date. */
export function dayAndTime(milliseconds: number): string {
  const date = new Date(milliseconds)
  const day = date.toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' })
  return `${day}, ${timeOfDay(milliseconds)}`
}

/** A number with thousands separators. */
export function grouped(number: number): string {
  return number.toLocaleString('en')
}

/** A number of bytes in MiB. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)} MiB`
}
