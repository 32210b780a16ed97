const MOST = 500
const LONGEST = 4096

/** Caches a value for recently used texts, since an application has few. Long texts are not cached. */
export class TextCache<Value> {
  private readonly values = new Map<string, Value>()

  get(text: string): Value | undefined {
    return this.values.get(text)
  }

  set(text: string, value: Value): void {
    const { values } = this
    if (text.length > LONGEST) return
    if (values.size >= MOST && !values.has(text)) {
      for (const oldest of values.keys()) {
        values.delete(oldest)
        break
      }
    }
    values.set(text, value)
  }
}
