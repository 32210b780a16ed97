import { parseArgs } from 'node:util'

import { printChecks } from './checks/check.ts'
import { type Run, runShop } from './run.ts'
import { scheduleOf } from './schedule.ts'
import { servicesOf, type Shop, startShop } from './shop/shop.ts'
import { checksOf } from './verdict.ts'

const cleanups: (() => Promise<unknown>)[] = []
const stopped = new AbortController()

function say(line: string): void {
  process.stderr.write(`· ${line}\n`)
}

/** Undoes what was started, last first. */
async function cleanUp(): Promise<void> {
  while (cleanups.length > 0)
    await cleanups
      .pop()?.()
      .catch((error: unknown) => say(`could not clean up: ${String(error)}`))
}

function numberOf(name: string, text: string, isValid: (value: number) => boolean, expected: string): number {
  const value = Number(text)
  if (text.trim() === '' || !isValid(value))
    throw new TypeError(`--${name}: expected ${expected}; got ${text}`)
  return value
}

async function soak(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    },
  })
  const minutes = numberOf(
    'minutes',
    values.minutes,
    value => value >= 0.5 && value <= 600,
    'a number from 0.5 to 600',
  )
  const seed = numberOf('seed', values.seed, value => Number.isSafeInteger(value), 'a whole number')
  console.log(`npm run soak -- --minutes ${minutes} --seed ${seed}`)
  // It restarts PostgreSQL and the broker, so it never uses those of the environment.
  delete process.env['DATABASE_URL']
  delete process.env['KAFKA_BROKERS']

  const schedule = scheduleOf(seed, minutes)
  const began = performance.now()
  const { signal } = stopped
  const run = async (name: Shop['name']): Promise<Run> => {
    const shop = await startShop(name, cleanups)
    const pids = servicesOf(shop).map(({ pid }) => pid)
    say(`${name}: the shop is open, processes ${pids.join(' ')}`)
    return runShop(shop, schedule, signal, line => say(`${name}: ${line}`))
  }
  const [bare, traced] = await Promise.all([run('bare'), run('traced')])
  await cleanUp()
  console.log(
    `${schedule.requests} requests to each shop and ${schedule.application.length + schedule.collector.length} faults, ` +
      `then ${schedule.fullLoad.toFixed(0)} s of full load; ${((performance.now() - began) / 60_000).toFixed(1)} min in total\n`,
  )
  return printChecks(checksOf(bare, traced), line => console.log(line))
}

let interrupted = false
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    if (interrupted) return
    interrupted = true
    say('stopping')
    stopped.abort()
    void cleanUp().finally(() => process.exit(exitCode))
  })
}

async function main(): Promise<void> {
  try {
    process.exitCode = (await soak()) ? 0 : 1
  } catch (error) {
    if (interrupted) return
    stopped.abort()
    console.error(error)
    await cleanUp()
    // What was still starting ends with the process.
    process.exit(1)
  }
  if (!interrupted) await cleanUp()
}

void main()
