import { join } from 'node:path'

import { onProcessEnd, ServerFailedToStart, startServer } from '@spanwright/services'

const SHOP = join(__dirname, '..')

/** A service of the shop, running in a process of its own. */
export interface ShopService {
  /** Where it listens; empty for one that does not. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts a service and waits until it is ready.
 * @throws Error with the last thing the service said, when it ends before that
 */
export async function startService(name: string, env: NodeJS.ProcessEnv): Promise<ShopService> {
  let url = ''
  let forget = (): void => {}
  const server = await startServer(
    {
      name,
      command: process.execPath,
      args: ['--import', 'tsx', '--conditions=@spanwright/source', join(SHOP, 'src', `${name}.ts`)],
      cwd: SHOP,
      env,
      isReady: line => {
        url = /listens on (\S+)/.exec(line)?.[1] ?? ''
        return url !== '' || line.includes(' consumes ')
      },
      timeout: 30_000,
    },
    pid => {
      forget = onProcessEnd(() => kill(pid))
    },
  ).catch((error: unknown) => {
    throw error instanceof ServerFailedToStart ? new Error(error.output.at(-1) ?? error.message) : error
  })
  return {
    url,
    async stop() {
      await server.end('SIGTERM')
      forget()
    },
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
