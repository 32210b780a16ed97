import { TracedHandler } from './handler.ts'
import { TracedLegacyHandler } from './legacy-handler.ts'

/**
 * Replaces a handler that has the methods of both forms: undici 6 calls the old ones, 7 and 8 the new ones. The name of
 * a method that both forms have means the same in both.
 */
export class TracedDualHandler extends TracedLegacyHandler {}

for (const name of Object.getOwnPropertyNames(TracedHandler.prototype)) {
  if (name in TracedDualHandler.prototype) continue
  const method = Object.getOwnPropertyDescriptor(TracedHandler.prototype, name)
  if (method) Object.defineProperty(TracedDualHandler.prototype, name, method)
}
