import { chmod, cp, lstat, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A temporary folder that every user can enter; the one that is set for root may be private to root. */
export async function temporaryFolderForAll(): Promise<string> {
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) if (await isOpenToAll(folder)) return folder
  return tmpdir()
}

/**
 * Path where every user can run the programs of `folder`: itself, or a copy in the temporary folder, which is made once
 * and kept under `name`.
 */
export async function openToAll(folder: string, program: string, name: string): Promise<string> {
  if (await isOpenToAll(join(folder, program))) return folder
  const copy = join(await temporaryFolderForAll(), name)
  if (await isCopyOf(folder, copy)) return copy
  const made = await mkdtemp(`${copy}-`)
  try {
    await cp(folder, made, { recursive: true, verbatimSymlinks: true })
    await openUp(made)
    await rename(made, copy).catch(async () => {
      // Concurrent processes each make a copy, and the first is kept.
      if (await isCopyOf(folder, copy)) return
      await rm(copy, { recursive: true, force: true })
      await rename(made, copy)
    })
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return copy
}

async function isOpenToAll(path: string): Promise<boolean> {
  for (let place = path; ; place = dirname(place)) {
    const found = await stat(place).catch(() => undefined)
    if (!found || (found.mode & 0o001) === 0) return false
    if (place === dirname(place)) return true
  }
}

/** Whether only this user can have made or changed it, and all files still exist. */
async function isCopyOf(folder: string, copy: string): Promise<boolean> {
  const found = await lstat(copy).catch(() => undefined)
  if (!found?.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) return false
  return (await entries(copy)) === (await entries(folder))
}

async function entries(folder: string): Promise<number> {
  return (await readdir(folder, { recursive: true })).length
}

async function openUp(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
}
