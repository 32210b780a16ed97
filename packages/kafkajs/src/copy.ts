/** A copy of an object of whatever class, with some properties replaced. */
export function copyWith<T extends object>(original: T, replaced: Readonly<Record<string, unknown>>): T {
  const prototype: unknown = Object.getPrototypeOf(original)
  if (prototype === Object.prototype) return { ...original, ...replaced }
  return Object.assign(Object.create(prototype as object | null) as T, original, replaced)
}
