import type { Check } from './checks/check.ts'
import { checkExceptions, checkFailures, checkMemory } from './checks/processes.ts'
import { checkInvariants, compareResults } from './checks/results.ts'
import { checkAccounts, checkDurations, checkFullLoad, checkOpenSpans, checkOrphans } from './checks/spans.ts'
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
    checkOrphans(lives, spans),
    checkDurations(spans),
    checkFailures(lives),
    ...[bare, traced].map(run => checkExceptions(TITLES[run.name], run.lives)),
    ...[bare, traced].map(run => checkMemory(TITLES[run.name], run.lives)),
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

function checkRecovery({ name, faults, disturbances }: Run): Check {
  const seconds = disturbances.map(({ from, to }) => (to - from) / 1000)
  const sum = seconds.reduce((total, each) => total + each, 0)
  return {
    name: `recovery, ${TITLES[name]}`,
    figures: `${disturbances.length} faults, ${sum.toFixed(0)} s in total, the longest ${Math.max(0, ...seconds).toFixed(1)} s`,
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
