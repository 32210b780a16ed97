import { writeFileSync } from 'node:fs'

import { names } from './names.ts'

/** Runs modules, one after the other, and writes the failures to a file: `[path, what was thrown]`. */
async function main([output = '', ...paths]: readonly string[]): Promise<void> {
  Object.assign(globalThis, names)
  const failures: [path: string, thrown: string][] = []
  for (const path of paths) {
    try {
      await import(path)
    } catch (error) {
      failures.push([path, String(error)])
    }
  }
  writeFileSync(output, JSON.stringify(failures))
  // Servers and timers of the programs.
  process.exit()
}

void main(process.argv.slice(2))
