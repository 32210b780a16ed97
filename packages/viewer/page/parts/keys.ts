import { useEffect, useRef } from 'preact/hooks'

/**
 * Calls a function when one of some keys is pressed on the page, except while the user types or a dialog is open.
 * @param keys as in `event.key`
 */
export function useKeys(keys: readonly string[], act: (event: KeyboardEvent) => void): void {
  const latest = useRef(act)
  latest.current = act
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      if (!keys.includes(event.key) || isBusy(event.target)) return
      event.preventDefault()
      latest.current(event)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

function isBusy(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox'
  return target instanceof HTMLSelectElement || document.querySelector('dialog') !== null
}
