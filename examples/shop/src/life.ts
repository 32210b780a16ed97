import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Reads a setting that has no default. */
export function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

/** Says where a server listens, or why it cannot. */
export function announce(service: string, server: Server): void {
  server.on('listening', () => {
    console.log(`${service} listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    const inUse = error.code === 'EADDRINUSE'
    console.error(`${service}: ${inUse ? `port ${process.env['PORT']} is in use` : error.message}`)
    process.exit(1)
  })
}

/** Says that an idle connection to the database broke. Without a listener that ends the process; the pool opens another. */
export function reportLostConnection({ message }: Error): void {
  console.error(`a connection to the database was lost: ${message}`)
}

/** Ends the process in order on a signal: no new work, then connections, then the last spans. */
export function onShutdown(...steps: (() => Promise<unknown>)[]): void {
  let ending = false
  async function end(): Promise<void> {
    if (ending) return
    ending = true
    for (const step of steps) await step().catch(console.error)
    process.exit(0)
  }
  process.on('SIGTERM', () => void end())
  process.on('SIGINT', () => void end())
}

/** Takes no new connection, and waits for the requests that are being answered. */
export function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
