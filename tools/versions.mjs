// Writes the version of each package into its src/version.ts, from package.json; with --check only compares.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

for (const name of readdirSync('packages')) {
  const file = `packages/${name}/src/version.ts`
  if (!existsSync(file)) continue
  const { version } = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'))
  const text = readFileSync(file, 'utf8')
  const wanted = text.replace(/VERSION = '[^']*'/, `VERSION = '${version}'`)
  if (wanted === text) continue
  if (process.argv.includes('--check')) throw new Error(`${file} is not ${version}: run npm run build`)
  writeFileSync(file, wanted)
}
