// Installs the folders it is given, each with a lockfile of its own, unless that is done already.
import { spawnSync } from 'node:child_process'
// A folder without a lockfile stands for those in it that have one.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const hasLockfile = folder => existsSync(join(folder, 'package-lock.json'))
const inFolder = folder => readdirSync(folder).map(name => join(folder, name))

for (const folder of process.argv
  .slice(2)
  .flatMap(given => (hasLockfile(given) ? given : inFolder(given).filter(hasLockfile)))) {
  const installed = join(folder, 'node_modules', '.package-lock.json')
  const wanted = join(folder, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) continue
  process.stderr.write(`Installing what only ${folder} needs …\n`)
  const { status } = spawnSync('npm', ['ci'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
