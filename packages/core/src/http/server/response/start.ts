import type { ServerAnswer } from '../framework.ts'
import { keepFace } from '../../../host/wrap.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

/** The methods with which the head of a response leaves: `writeHead` alone only keeps it. */
const SENDING = ['write', 'end', 'flushHeaders'] as const

/** Calls back once, when the first byte of a response is handed to its connection. */
export function onResponseStart(res: ServerAnswer, started: () => void): void {
  const own = res as unknown as Record<(typeof SENDING)[number], Method>
  let waiting = true
  for (const name of SENDING) {
    const inherited = own[name]
    own[name] = keepFace(function send(this: unknown, ...args: unknown[]) {
      const result = Reflect.apply(inherited, this, args)
      if (waiting && res.headersSent) {
        waiting = false
        started()
      }
      return result
    }, inherited)
  }
}
