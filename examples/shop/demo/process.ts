import { join } from 'node:path'

import { onProcessEnd, ServerFailedToStart, startServer } from '@spanwright/services'

const SHOP = join(__dirname, '..')

/** A service of the shop, running in a process of its own. */
export interface ShopService {
  /** Where it listens; empty for one that does not. */
  readonly url: string
  readonly stop: () => Promise<void>
}

/**
 * Starts a service and waits until it is ready.
 * @throws Error with the last thing the service said, when it ends before that
 */
export async function startService(name: string, env: NodeJS.ProcessEnv): Promise<ShopService> {
  let url = ''
  let forget: (() => void) | undefined
  const server = await startServer(
    {
      name,
      command: process.execPath,
      // What this process reads TypeScript with.
      args: [...process.execArgv, join(SHOP, 'src', `${name}.ts`)],
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
    throw error instanceof ServerFailedToStart ? new Error(reasonOf(name, error)) : error
  })
  return {
    url,
    stop: async () => {
      await server.end('SIGTERM')
      forget?.()
    },
  }
}

/** What the service said itself; else the error that Node printed for it. */
function reasonOf(name: string, { output, message }: ServerFailedToStart): string {
  const said = output.findLast(line => line.startsWith(`${name}: `))
  const thrown = output.findLast(line => /^\w*Error\b/.test(line))
  return said ?? (thrown === undefined ? message : `${name}: ${thrown}`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
