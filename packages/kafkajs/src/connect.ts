import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { isTracingSuppressed, wrapMethod } from '@spanwright/core/plugin'

interface Connectable {
  connect(): Promise<void>
}

/** Connects outside the active span, because connections retain the context they were opened in. */
export function detachConnect(client: Connectable): void {
  wrapMethod(
    client,
    'connect',
    (original: Connectable['connect']) =>
      function connect(this: unknown): Promise<void> {
        const connecting = (): Promise<void> => original.call(this as Connectable)
        return isTracingSuppressed(contextApi.active())
          ? connecting()
          : contextApi.with(ROOT_CONTEXT, connecting)
      },
  )
}
