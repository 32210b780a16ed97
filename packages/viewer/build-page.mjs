// Bundles the page into dist/page: one script and one style sheet, which the server sends and a share file contains.
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { buildSync } from 'esbuild'

const page = join(import.meta.dirname, 'page')
const outdir = join(import.meta.dirname, 'dist', 'page')

const { outputFiles } = buildSync({
  entryPoints: [join(page, 'page.tsx'), join(page, 'page.css')],
  outdir,
  write: false,
  bundle: true,
  minify: true,
  format: 'iife',
  // Browsers that know light-dark().
  target: ['chrome123', 'firefox121', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
})

mkdirSync(outdir, { recursive: true })
// A concurrent reader gets either the complete former file or the complete new one.
const replace = (file, write) => {
  const temporary = join(outdir, `${file}.${process.pid}`)
  write(temporary)
  renameSync(temporary, join(outdir, file))
}
replace('index.html', to => copyFileSync(join(page, 'index.html'), to))
for (const { path, contents } of outputFiles) replace(basename(path), to => writeFileSync(to, contents))
