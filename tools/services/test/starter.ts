import { startKafka, startPostgres } from '@spanwright/services'

const starters: Record<string, () => Promise<{ stop(): Promise<void> }>> = { startKafka, startPostgres }

/** Program: starts the service named by the first argument, then ends as the second one says. */
async function main(starter = '', ending = ''): Promise<void> {
  const service = await starters[starter]?.()
  process.stdout.write('started\n')
  if (ending === 'stop') await service?.stop()
  if (ending === 'exit') process.exit(3)
  if (ending === 'throw') setImmediate(fail)
}

function fail(): never {
  throw new Error('not caught by anybody')
}

void main(process.argv[2], process.argv[3])
