import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A version of Node from npm. */
export interface NodeRelease {
  readonly execPath: string
  /** Such as `v24.21.0`. */
  readonly version: string
}

/**
 * The newest Node of a major version, installed from npm into npm's own cache when it is not there yet.
 * @throws Error when npm has none
 */
export async function nodeRelease(major: string): Promise<NodeRelease> {
  const script = 'console.log(JSON.stringify({ execPath: process.execPath, version: process.version }))'
  const { stdout } = await run('npx', ['-y', '-p', `node@${major}`, '--', 'node', '-e', script])
  return JSON.parse(stdout) as NodeRelease
}
