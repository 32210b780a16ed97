import type { Check } from './checks/check.ts'
import { checkExceptions, checkFailures, checkMemory } from './checks/processes.ts'
import { checkInvariants, compareResults } from './checks/results.ts'
import { checkAccounts, checkFullLoad, checkOpenSpans } from './checks/accounts.ts'
import { checkDurations, checkOrphans, checkRoots } from './checks/traces.ts'
import type { FullLoad, Run } from './run.ts'

const TITLES = { traced: 'traced', bare: 'without tracing' }

/** All checks of a soak. */
export function checksOf(bare: Run, traced: Run): Check[] {
  const { lives, spans, fullLoad } = traced
  return [
    compareResults(bare, traced),
    ...[bare, traced].map(run => checkInvariants(TITLES[run.name], run)),
    ...[bare, traced].map(checkRecovery),
    checkOpenSpans(lives),
    checkAccounts(lives, spans),
    checkRoots(spans),
    checkOrphans(lives, spans),
    checkDurations(spans),
    {
      name: 'spans follow the conventions',
      figures: `${spans.length} spans`,
      faults: [...traced.conventionFaults],
    },
    checkFailures(lives),
    ...[bare, traced].map(run => checkExceptions(TITLES[run.name], run.lives)),
    // For comparison: what grows there is not ours.
    { ...checkMemory(TITLES.bare, bare.lives), faults: [] },
    checkMemory(TITLES.traced, lives),
    ...(fullLoad ? checksOfFullLoad(fullLoad) : []),
    {
      name: 'collector',
      figures: Object.entries(traced.collectorAnswers)
        .map(([answer, count]) => `${count} × ${answer}`)
        .join(', '),
      faults: [],
    },
  ]
}

function longest(milliseconds: readonly number[]): string {
  return `${(Math.max(0, ...milliseconds) / 1000).toFixed(1)} s`
}

function checkRecovery({ name, faults, disturbances }: Run): Check {
  const taken = disturbances.map(({ from, to }) => to - from)
  const shipped = disturbances.map(({ from, recoveredAt }) => recoveredAt - from)
  return {
    name: `recovery, ${TITLES[name]}`,
    figures: `${disturbances.length} faults, the longest ${longest(taken)} until orders were taken, ${longest(shipped)} until shipped`,
    faults,
  }
}

function checksOfFullLoad({ before, after, answers, seconds }: FullLoad): Check[] {
  const wrong = answers.filter(({ status }) => status !== 201)
  return [
    checkFullLoad(before, after, answers.length, seconds),
    {
      name: 'full load: every order taken',
      figures: `${answers.length} orders`,
      faults: wrong.map(({ number, status, body }) => `order ${number}: ${status} ${body}`),
    },
  ]
}
