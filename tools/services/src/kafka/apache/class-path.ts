import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

const packageFolder = join(__dirname, '..', '..', '..')
const mavenProgram = 'mvn'
const pom = join(packageFolder, 'kafka', 'pom.xml')

/** The jars of Kafka, downloaded by Maven the first time and read from its local repository later. */
export async function kafkaClassPath(onProgress: (line: string) => void): Promise<string> {
  const cache = join(packageFolder, 'node_modules', '.cache', 'kafka')
  const key = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
  const file = join(cache, `${key.slice(0, 16)}.classpath`)
  const known = await readFile(file, 'utf8').catch(() => '')
  if (known !== '' && known.split(delimiter).every(jar => existsSync(jar))) return known
  await mkdir(cache, { recursive: true })
  const written = `${file}.${process.pid}`
  onProgress('Kafka: asking Maven for its jars')
  await runMaven(written, onProgress)
  await rename(written, file)
  return readFile(file, 'utf8')
}

async function runMaven(outputFile: string, onProgress: (line: string) => void): Promise<void> {
  const goal = ['dependency:build-classpath', `-Dmdep.outputFile=${outputFile}`]
  const maven = spawn(mavenProgram, ['--batch-mode', '--file', pom, ...goal], {
    env: process.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(maven, 'close')
  // A missing program emits its error before the end is awaited.
  ended.catch(() => {})
  let problem = ''
  for await (const line of createInterface({ input: maven.stdout })) {
    const [, jar, size] = /Downloaded from \S+: (\S+\.jar) \(([^)]+?)( at|\))/.exec(line) ?? []
    if (jar !== undefined) onProgress(`Kafka: fetched ${basename(jar)} (${size})`)
    if (problem === '' && line.startsWith('[ERROR]')) problem = line.slice('[ERROR]'.length).trim()
  }
  const [code] = await ended.catch((error: Error) => {
    const needed = 'KAFKA=apache needs Maven to fetch Kafka the first time'
    throw new Error(`${needed}, and ${mavenProgram} does not run: install it, or unset KAFKA`, {
      cause: error,
    })
  })
  if (code !== 0) throw new Error(`KAFKA=apache: Maven could not fetch Kafka: ${problem}`)
}
