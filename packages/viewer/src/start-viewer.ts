import { handlerFor } from './api/routes.ts'
import { spansOf } from './decode/spans.ts'
import type { OtlpDocument } from './decode/otlp.ts'
import { listen } from './receiver/listen.ts'
import { TraceStore } from './store/store.ts'

/** Options of {@link startViewer}. */
export interface ViewerOptions {
  /** The port to listen on; the next free one when it is in use, any free one for 0. Default: 4318. */
  readonly port?: number
  /** Bytes of traces kept in memory; the oldest are dropped first. Default: 268,435,456 (256 MiB). */
  readonly maxBytes?: number
  /** Names under which the viewer may be reached besides `localhost`, `127.0.0.1` and `[::1]`. Default: none. */
  readonly allowedHosts?: readonly string[]
}

/** A viewer that runs in this process. */
export interface Viewer extends AsyncDisposable {
  readonly port: number
  /** The URL of the page, and the value for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string
  /** The wanted port, when it was in use. */
  readonly takenPort: number | undefined
  /** Keeps the traces of a document of OTLP JSON. Returns the ids of those traces. */
  add(document: OtlpDocument): string[]
  stop(): Promise<void>
}

/**
 * Starts a viewer on the loopback addresses of this machine.
 * @throws TypeError when an option has a wrong value
 * @throws Error when no port is free
 */
export async function startViewer(options: ViewerOptions = {}): Promise<Viewer> {
  const { port = 4318, maxBytes = 256 * 1024 * 1024, allowedHosts = [] } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`startViewer: port must be an integer from 0 to 65535; got ${String(port)}`)
  }
  if (!(maxBytes > 0))
    throw new TypeError(`startViewer: maxBytes must be a positive number; got ${String(maxBytes)}`)
  const store = new TraceStore(maxBytes)
  const hosts = new Set(allowedHosts.map(host => host.toLowerCase()))
  const listening = await listen(handlerFor(store, hosts), port)
  return {
    port: listening.port,
    url: `http://localhost:${listening.port}`,
    takenPort: listening.taken,
    add(document) {
      const { records } = spansOf(document)
      store.add(records)
      return [...new Set(records.map(({ span }) => span.traceId))]
    },
    stop: () => listening.close(),
    [Symbol.asyncDispose]: () => listening.close(),
  }
}
