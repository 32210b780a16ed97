import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Owner } from './binaries.ts'

const run = promisify(execFile)

/** An unused data folder that a server can begin with: initdb takes many times as long as a copy. */
export interface Template {
  readonly password: string
  /** Copies it to a folder that doesn't exist yet; false when it cannot be copied. */
  copyTo(dataFolder: string): Promise<boolean>
}

/** The template at `place`, if its files belong to the owner. */
export async function readTemplate(place: string, { uid }: Owner): Promise<Template | undefined> {
  const data = join(place, 'data')
  try {
    const password = await readFile(join(place, 'password'), 'utf8')
    const isOwn = (await stat(data)).uid === (uid ?? process.getuid?.())
    return isOwn ? { password, copyTo: dataFolder => wasCopied(data, dataFolder) } : undefined
  } catch {
    return undefined
  }
}

async function wasCopied(from: string, to: string): Promise<boolean> {
  try {
    await copy(from, to)
    return true
  } catch {
    await rm(to, { recursive: true, force: true })
    return false
  }
}

/** Keeps the result of initdb for the next server; if that fails, the next server runs initdb again. */
export async function keepTemplate(place: string, password: string, dataFolder: string): Promise<void> {
  let made: string | undefined
  try {
    await mkdir(dirname(place), { recursive: true })
    made = await mkdtemp(`${place}-`)
    await copy(dataFolder, join(made, 'data'))
    await writeFile(join(made, 'password'), password, { mode: 0o600 })
    await rename(made, place)
  } catch {
    // The folder isn't writable, or another process was faster.
    if (made !== undefined) await rm(made, { recursive: true, force: true })
  }
}

/** With the owner and mode of each file. */
async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['-Rp', from, to])
}
