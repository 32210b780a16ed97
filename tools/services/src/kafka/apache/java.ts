import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const oldest = 17

/** The Java that runs Kafka: that of `JAVA_HOME`, else the one on the path; throws when it is too old. */
export async function findJava(): Promise<string> {
  const home = process.env['JAVA_HOME']
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
  const needed = `KAFKA=apache needs Java ${oldest} or newer`
  let text: string
  try {
    text = (await run(java, ['-version'], { env: process.env })).stderr
  } catch (error) {
    throw new Error(`${needed}, and ${java} does not run: install one, or unset KAFKA`, { cause: error })
  }
  const [, version = 'an unknown version'] = /version "([^"]+)"/.exec(text) ?? []
  if (!(Number.parseInt(version, 10) >= oldest)) {
    throw new Error(`${needed}, and ${java} is ${version}: install one, or unset KAFKA`)
  }
  return java
}
