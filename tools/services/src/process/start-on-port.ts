import { freePort } from './free-port.ts'
import { ServerFailedToStart } from './server-process.ts'

/**
 * Runs `start` with the requested port, or with a free one; when another program takes that meanwhile, with the next.
 *
 * @throws Error that names the server and the port when the requested port is in use.
 */
export async function startOnPort(
  name: string,
  wanted: number | undefined,
  start: (port: number) => Promise<void>,
  attempts = 3,
): Promise<void> {
  const port = wanted ?? (await freePort())
  try {
    await start(port)
  } catch (error) {
    const isInUse =
      error instanceof ServerFailedToStart && error.output.some(line => /Address already in use/i.test(line))
    if (!isInUse) throw error
    if (wanted !== undefined || attempts <= 1) {
      throw new Error(`${name}: port ${port} on 127.0.0.1 is in use`, { cause: error })
    }
    await startOnPort(name, wanted, start, attempts - 1)
  }
}
