import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { openToAll, temporaryFolderForAll } from '../src/process/open-to-all.ts'
import { linkLibraries, unprivilegedUser } from '../src/postgres/binaries.ts'

const name = `open-to-all-${process.pid}`
let copy: string
let parent: string
let folder: string

beforeEach(async () => {
  const temporary = await temporaryFolderForAll()
  copy = join(temporary, name)
  parent = mkdtempSync(join(temporary, 'privé dir '))
  folder = join(parent, 'native')
  mkdirSync(join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'words'), 'hello\n', { mode: 0o600 })
  writeFileSync(join(folder, 'bin', 'say'), '#!/bin/sh\ncat "$(dirname "$0")/../linked"\n', { mode: 0o700 })
  symlinkSync('words', join(folder, 'linked'))
})
afterEach(() => {
  rmSync(parent, { recursive: true })
  rmSync(copy, { recursive: true, force: true })
})

async function say(): Promise<string> {
  const program = join(await openToAll(folder, join('bin', 'say'), name), 'bin', 'say')
  return execFileSync(program, { encoding: 'utf8', cwd: '/', ...(await unprivilegedUser()) })
}

describe('openToAll', () => {
  it('returns a folder that every user can enter', async () => {
    for (const path of [parent, folder, join(folder, 'bin'), join(folder, 'bin', 'say')])
      chmodSync(path, 0o755)
    expect(await openToAll(folder, join('bin', 'say'), name)).toBe(folder)
  })

  it('copies a private folder once, so that another user can run its programs', async () => {
    expect(await say()).toBe('hello\n')
    const made = statSync(copy).ino
    expect(await say()).toBe('hello\n')
    expect(statSync(copy).ino).toBe(made)
  })

  it('makes one copy for several concurrent calls', async () => {
    expect(await Promise.all([say(), say(), say()])).toEqual(['hello\n', 'hello\n', 'hello\n'])
  })

  it('replaces a copy that was partly deleted, or that others can write to', async () => {
    await say()
    rmSync(join(copy, 'words'))
    expect(await say()).toBe('hello\n')
    chmodSync(copy, 0o777)
    expect(await say()).toBe('hello\n')
    expect(statSync(copy).mode & 0o777).toBe(0o755)
  })
})

describe('linkLibraries', () => {
  it('creates the links that an install script would have created, and keeps existing ones', async () => {
    const list = [
      { source: 'native/words', target: 'native/bin/words.1' },
      { source: 'native/words', target: 'native/linked' },
    ]
    writeFileSync(join(folder, 'pg-symlinks.json'), JSON.stringify(list))
    await linkLibraries(parent)
    expect(readFileSync(join(folder, 'bin', 'words.1'), 'utf8')).toBe('hello\n')
    await linkLibraries(parent)
    expect(readFileSync(join(folder, 'linked'), 'utf8')).toBe('hello\n')
  })
})
