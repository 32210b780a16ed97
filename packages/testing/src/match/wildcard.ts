/** A test of whole texts by a pattern in which `*` stands for any text. */
export function wildcard(pattern: string): (text: string) => boolean {
  const [start = '', ...rest] = pattern.split('*')
  const end = rest.pop()
  if (end === undefined) return text => text === pattern
  return text => {
    if (!text.startsWith(start)) return false
    let at = start.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return text.length - end.length >= at && text.endsWith(end)
  }
}
