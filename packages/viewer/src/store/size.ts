/** Bytes that an object, an array and each of their entries take in V8 on a 64-bit machine, roughly. */
const OBJECT = 40
const ENTRY = 16

/** The approximate size of data in memory, in bytes. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return ENTRY + value.length
  if (typeof value !== 'object' || value === null) return 0
  let size = OBJECT
  if (Array.isArray(value)) for (const item of value) size += ENTRY + sizeOf(item)
  else for (const item of Object.values(value)) size += ENTRY + sizeOf(item)
  return size
}
