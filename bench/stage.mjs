// Copies the built packages of this repository beside the alternatives, as npm would install them: all of them then
// share one copy of the OpenTelemetry API.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('.', import.meta.url))
const packages = join(bench, '..', 'packages')
const target = join(bench, 'node_modules', '@spanwright')

rmSync(target, { recursive: true, force: true })
for (const name of readdirSync(packages)) {
  const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
  for (const conditions of Object.values(manifest.exports)) delete conditions['@spanwright/source']
  const folder = join(target, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  cpSync(join(packages, name, 'dist'), join(folder, 'dist'), { recursive: true })
}
