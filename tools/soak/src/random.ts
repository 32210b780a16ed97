/** Numbers from 0 to below 1, always the same ones for the same seeds (mulberry32). */
export function randomFrom(...seeds: readonly number[]): () => number {
  let state = seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e37_79b1) >>> 0, 0x6d2b_79f5)
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The items of a list in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map(item => ({ item, key: random() }))
  return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item)
}

/** An integer within bounds, which are included. */
export function between(least: number, most: number, random: () => number): number {
  return least + Math.floor(random() * (most - least + 1))
}
