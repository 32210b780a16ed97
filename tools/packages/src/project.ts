import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Installs the dependencies of a project with npm's defaults: a conflict of peers is an error. */
export const INSTALL = ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--strict-peer-deps']

/** Runs a command in a project, with a version of Node from npm if one is given. */
export async function runIn(
  folder: string,
  env: NodeJS.ProcessEnv,
  command: readonly string[],
  node?: number | string,
): Promise<void> {
  const onNode = node === undefined ? [] : ['npx', '-y', '-p', `node@${node}`, '--']
  const [program = '', ...args] = [...onNode, ...command]
  await run(program, args, { cwd: folder, env })
}

/** An environment without the settings of this process that would affect the project. */
export function environment(folder: string, own: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:NODE_OPTIONS|NODE_ENV|OTEL_|SPANWRIGHT_|npm_(?!config_cache))/i.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    PATH: [join(folder, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    ...own,
  }
}
