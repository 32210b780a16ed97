import type { RawHeaders, ResponseHeaders } from './undici-types.ts'

/** Looks up a header in an object with lower-case names. */
export function lookUp(headers: ResponseHeaders, name: string): string | readonly string[] | undefined {
  return headers[name]
}

/** Looks up a header in a flat list of names and values as received. */
export function lookUpRaw(headers: RawHeaders, name: string): readonly string[] | undefined {
  const values: string[] = []
  if (!headers) return undefined
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (textOf(headers[i]).toLowerCase() !== name) continue
    const value = headers[i + 1]
    values.push(...(isList(value) ? value.map(textOf) : [textOf(value)]))
  }
  return values.length === 0 ? undefined : values
}

function isList(
  value: NonNullable<RawHeaders>[number] | undefined,
): value is readonly (Uint8Array | string)[] {
  return Array.isArray(value)
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)
}
