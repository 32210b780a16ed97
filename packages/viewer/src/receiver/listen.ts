import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Number of ports tried one after the other when the wanted one is in use. */
const MAX_TRIES = 50

/** Servers on the loopback addresses of IPv4 and IPv6, or of the one that the machine has. */
export interface Listening {
  readonly port: number
  /** The wanted port, when it was in use. */
  readonly taken: number | undefined
  close(): Promise<void>
}

/**
 * Listens on `127.0.0.1` and `::1`, on a port that is free on both: the wanted one, or one of the next ones.
 * @throws Error when none of them is free
 */
export async function listen(listener: RequestListener, wanted: number): Promise<Listening> {
  for (let port = wanted; port < wanted + MAX_TRIES && port < 65_536; port++) {
    const servers = await listenOn(listener, port)
    const address = servers?.[0]?.address() as AddressInfo | null | undefined
    if (servers && address) {
      return {
        port: address.port,
        taken: wanted !== 0 && port !== wanted ? wanted : undefined,
        close: () => closeAll(servers),
      }
    }
  }
  throw new Error(
    `no port from ${wanted} to ${Math.min(wanted + MAX_TRIES, 65_536) - 1} is free; --port names another`,
  )
}

async function listenOn(listener: RequestListener, port: number): Promise<Server[] | undefined> {
  const servers: Server[] = []
  try {
    let bound = port
    for (const host of ['127.0.0.1', '::1']) {
      // By default Node closes a connection after five idle seconds: just when exporters send again.
      const server = createServer({ keepAliveTimeout: 0 }, listener)
      try {
        server.listen({ port: bound, host, exclusive: true })
        await once(server, 'listening')
      } catch (error) {
        // A machine may have only one address family.
        if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '')) continue
        throw error
      }
      servers.push(server)
      bound = (server.address() as AddressInfo).port
    }
    return servers
  } catch (error) {
    await closeAll(servers)
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      return port === 0 ? listenOn(listener, 0) : undefined
    throw error
  }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async server => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }),
  )
}
