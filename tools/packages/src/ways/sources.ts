import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'

const SOURCES = join(__dirname, '..', '..', 'ways')

/** The language of a project. */
export type Language = 'typescript' | 'esm' | 'commonjs'

/** Writes a source into a project, in its language: without types, and with `require` for `import`. */
export async function writeSource(
  folder: string,
  source: string,
  target: string,
  language: Language,
): Promise<void> {
  const text = await readFile(join(SOURCES, source), 'utf8')
  const written = language === 'typescript' ? text : await plain(text)
  await writeFile(join(folder, target), language === 'commonjs' ? withRequire(written) : written)
}

async function plain(text: string): Promise<string> {
  const { code } = await transform(text, { loader: 'ts', format: 'esm', target: 'node20' })
  // One statement at the end has all exports.
  return code
}

/** Imports as a programmer would write them: `const { a, b: c } = require('x')`. */
function withRequire(text: string): string {
  return text
    .replace(/^import (".+");$/gm, 'require($1);')
    .replace(/^import (\w+), (\{.+\}) from (".+");$/gm, 'const $1 = require($3);\nconst $2 = $1;')
    .replace(
      /^import (.+) from (".+");$/gm,
      (_whole, names: string, from: string) => `const ${names.replaceAll(' as ', ': ')} = require(${from});`,
    )
    .replace(/^export \{([^}]+)\};$/gm, 'module.exports = {$1};')
}
