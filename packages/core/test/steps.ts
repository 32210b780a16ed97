type Method = (this: string, first?: unknown, second?: unknown) => unknown
/** What a call costs: the characters it looks at, or copies. */
type Cost = (text: string, first: unknown, second: unknown, answer: unknown) => number

const whole: Cost = text => text.length
const copied: Cost = (_text, _first, _second, answer) => (answer as string).length
const compared: Cost = (_text, part) => (part as string).length

const COSTS: readonly (readonly [string, Cost])[] = [
  [
    'indexOf',
    (text, _part, from, answer) => {
      const start = typeof from === 'number' ? from : 0
      return 1 + ((answer as number) < 0 ? text.length : (answer as number)) - start
    },
  ],
  ['charCodeAt', () => 1],
  ['slice', copied],
  ['substring', copied],
  ['startsWith', compared],
  ['endsWith', compared],
  ['lastIndexOf', whole],
  ['includes', whole],
  ['split', whole],
  ['trim', whole],
  ['toLowerCase', whole],
]

let steps = 0

function counted(original: Method, cost: Cost): Method {
  return function (first, second) {
    const answer = original.call(this, first, second)
    steps += cost(this, first, second, answer)
    return answer
  }
}

/** The characters that work looks at through the methods of strings: a measure of time without a clock. */
function stepsOf(work: () => unknown): number {
  const prototype = String.prototype as unknown as Record<string, Method>
  const originals = COSTS.map(([name, cost]) => ({ name, original: prototype[name], cost }))
  steps = 0
  for (const { name, original, cost } of originals) if (original) prototype[name] = counted(original, cost)
  try {
    work()
  } finally {
    for (const { name, original } of originals) if (original) prototype[name] = original
  }
  return steps
}

/**
 * The most that the steps grow by when the input is twice as long, from 4 KiB to 4 MiB: 2 for linear time, 4 for
 * quadratic, of which no longer input is tried.
 */
export function growthOf(work: (size: number) => unknown): number {
  let growth = 0
  let before = Infinity
  for (let size = 4096; size <= 4 * 1024 * 1024 && growth < 3; size *= 2) {
    const count = stepsOf(() => work(size))
    growth = Math.max(growth, count / before)
    before = Math.max(1, count)
  }
  return growth
}
