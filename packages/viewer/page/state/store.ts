import { useEffect, useState } from 'preact/hooks'

/** Everything the page shows, in one place: components read it with `useStore` and change it with `set`. */
export interface Store<State> {
  get(): State
  set(change: Partial<State> | ((state: State) => Partial<State>)): void
  listen(listener: () => void): () => void
}

/** Creates a store. Listeners are called once per turn, whatever the number of changes. */
export function createStore<State extends object>(initial: State): Store<State> {
  let state = initial
  let isToldSoon = false
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...(typeof change === 'function' ? change(state) : change) }
      if (isToldSoon) return
      isToldSoon = true
      queueMicrotask(() => {
        isToldSoon = false
        for (const listener of listeners) listener()
      })
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Reads a part of a store, and renders again when that part changes. */
export function useStore<State, Part>(store: Store<State>, read: (state: State) => Part): Part {
  const part = read(store.get())
  const [, render] = useState({})
  useEffect(() => {
    let last = read(store.get())
    if (!Object.is(last, part)) render({})
    return store.listen(() => {
      const next = read(store.get())
      if (Object.is(next, last)) return
      last = next
      render({})
    })
    // The function that a component passes reads the same part each time.
  }, [store])
  return part
}
