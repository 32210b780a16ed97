import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The name and version of a program in its `package.json`. */
export interface Manifest {
  readonly name?: string
  readonly version?: string
}

/** The `package.json` nearest to the file that was started, or to the working directory. */
export function nearestManifest(): Manifest {
  const started = process.argv[1]
  return (started && manifestAbove(dirname(started))) || manifestAbove(process.cwd()) || {}
}

function manifestAbove(folder: string): Manifest | undefined {
  for (let current = folder; ; current = dirname(current)) {
    // A package.json within node_modules describes the tool that runs the program.
    if (!/[\\/]node_modules([\\/]|$)/.test(current)) {
      const manifest = read(join(current, 'package.json'))
      if (manifest?.name !== undefined) return manifest
    }
    if (dirname(current) === current) return undefined
  }
}

function read(path: string): Manifest | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    return {
      ...(typeof name === 'string' && name !== '' && { name }),
      ...(typeof version === 'string' && version !== '' && { version }),
    }
  } catch {
    return undefined
  }
}
