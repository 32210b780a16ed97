/**
 * Sends what the services export on to a second place, such as a collector.
 * @returns a function for each request body, and one that waits until all are sent
 */
export function forwardTo(endpoint: string, onFailure: (reason: string) => void): Forwarder {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`
  const pending = new Set<Promise<void>>()
  let failed = false
  async function send(body: string): Promise<void> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headersFromEnvironment() },
        body,
        signal: AbortSignal.timeout(5000),
      })
      if (!response.ok) throw new Error(`status ${response.status}`)
    } catch (error) {
      if (!failed) onFailure(`${url} did not take the spans: ${reasonOf(error)}`)
      failed = true
    }
  }
  return {
    forward(body) {
      const sending = send(body).finally(() => pending.delete(sending))
      pending.add(sending)
    },
    settled: async () => void (await Promise.all(pending)),
  }
}

/** Sends request bodies on. */
export interface Forwarder {
  readonly forward: (body: string) => void
  settled(): Promise<void>
}

/** `OTEL_EXPORTER_OTLP_HEADERS`: `name=value` pairs between commas, percent-encoded. */
function headersFromEnvironment(): Record<string, string> {
  const pairs = (process.env['OTEL_EXPORTER_OTLP_HEADERS'] ?? '')
    .split(',')
    .filter(pair => pair.includes('='))
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]
    }),
  )
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string } }
  return cause?.code ?? message
}
