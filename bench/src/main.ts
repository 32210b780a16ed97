// npm run bench: what tracing costs, and whether it lets go of what it held. See --help.
import { type Arguments, HELP, parseArguments } from './arguments.ts'
import { today } from './environment.ts'
import { measureMemory } from './memory.ts'
import { measureOverhead } from './overhead.ts'
import { nodeRelease } from './node.ts'
import { Progress } from './progress.ts'
import { publish, publishMemory } from './publish.ts'
import { isFlat, memoryTable } from './report/memory.ts'
import { terminalTable } from './report/terminal.ts'
import { hasFailed } from './results.ts'

async function main(): Promise<void> {
  const asked = read()
  if (!asked || asked.mode === 'help') {
    process.stdout.write(`${HELP}\n`)
    return
  }
  const progress = new Progress(process.stderr)
  if (asked.mode === 'memory') {
    const node = await nodeRelease(asked.node)
    const checkpoints = await measureMemory(asked.isQuick, node, line => progress.show(line))
    progress.clear()
    process.stdout.write(`${memoryTable(checkpoints)}\n`)
    // Few requests do not tell the growth of a heap from a program that is still warming up.
    if (asked.isQuick) return
    await publishMemory({ date: today(), node: node.version, checkpoints })
    if (!isFlat(checkpoints)) process.exitCode = 1
    return
  }
  const results = await measureOverhead(asked, line => progress.show(line))
  progress.clear()
  process.stdout.write(`${terminalTable(results)}\n`)
  if (asked.isWritten) await publish(results)
  if (hasFailed(results)) process.exitCode = 1
}

function read(): Arguments | undefined {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n`)
    process.exitCode = 2
    return undefined
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
})
