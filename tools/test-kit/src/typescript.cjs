// Lets Node run the TypeScript of this repository, as Jest does: `node --require` this file. The output is cached
// for all processes, so that each starts in half the time that a general loader takes.
const { createHash, randomUUID } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const FOLDER = join(__dirname, '..', '..', '..', 'node_modules', '.cache', 'spanwright', 'programs')
/** Without `ignoreDynamic` an `import()` would become a `require()`. */
const OPTIONS = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs', ignoreDynamic: true },
}
const KEY = JSON.stringify([require('@swc/core/package.json').version, OPTIONS])

function transformed(filename) {
  const source = readFileSync(filename, 'utf8')
  const kept = join(
    FOLDER,
    `${createHash('sha1').update(KEY).update(filename).update(source).digest('hex')}.js`,
  )
  try {
    return readFileSync(kept, 'utf8')
  } catch {
    const { code } = require('@swc/core').transformSync(source, { ...OPTIONS, filename })
    const made = `${kept}.${randomUUID()}`
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(made, code)
    renameSync(made, kept)
    return code
  }
}

require.extensions['.ts'] = (module, filename) => module._compile(transformed(filename), filename)
