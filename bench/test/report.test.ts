import { describe, expect, it } from '@jest/globals'

import { packagesWithCost } from '../src/report/cost.ts'
import { resultsSection, withCost, withMemory, withResults } from '../src/report/document.ts'
import { summarySection } from '../src/report/summary.ts'
import { isFlat, memoryTable } from '../src/report/memory.ts'
import { short, times } from '../src/report/numbers.ts'
import { picture } from '../src/report/picture.ts'
import { terminalTable } from '../src/report/terminal.ts'
import { RESULTS } from './results.ts'

describe('short', () => {
  it.each([
    [0.1234, '0.12'],
    [1.234, '1.23'],
    [12.34, '12.3'],
    [123.4, '123'],
    [-1.5, '−1.50'],
  ])('writes %d as %s', (value, written) => {
    expect(short(value)).toBe(written)
  })

  it('writes a meaningless ratio as a dash', () => {
    expect(times(undefined)).toBe('–')
    expect(times(4.5)).toBe('4.50 ×')
  })
})

describe('the table for the terminal', () => {
  const lines = terminalTable(RESULTS).split('\n')

  it('shows every configuration with its median, minimum, maximum and overhead', () => {
    expect(lines[0]).toBe('Express, per request')
    expect(lines[1]?.trim().split(/\s{2,}/)).toEqual([
      'variant',
      'SDK',
      'CPU µs',
      'min',
      'max',
      'over bare',
      'bytes',
      'spans',
    ])
    expect(
      lines
        .find(line => line.includes(' otel ') && line.includes('exported'))
        ?.trim()
        .split(/\s+/),
    ).toEqual(['otel', 'exported', '190', '189', '192', '90.0', '19000', '1.00'])
  })

  it('puts columns under each other', () => {
    const ends = lines.slice(1, 11).map(line => line.indexOf('  ', 4) > 0)
    expect(ends).toEqual(Array.from({ length: 10 }, () => true))
    const column = lines[1]?.indexOf('max') ?? -1
    expect(lines[2]?.slice(column, column + 3)).toBe('102')
  })

  it('says why a configuration or a library has no values', () => {
    expect(lines).toContainEqual(
      expect.stringMatching(/sentry +exported +failed: the process ended with code 1$/),
    )
    expect(lines.slice(-2)).toEqual(['pg pool.query, per query', '  skipped: PostgreSQL: initdb failed'])
  })
})

describe('the part of the document', () => {
  const section = resultsSection(RESULTS)

  it('begins with the costs of each library beside the alternatives, and how they were measured', () => {
    const summary = summarySection(RESULTS)
    expect(summary).toContain('| Express, per request | 100 | 20.0 | 40.0 | 90.0 | – | – |')
    expect(summary).toContain(
      'Measured on 2026-11-22: Some CPU, 2 cores, 24 GB, Linux 6.1, Node v24.1.0; 1 process per variant, 5 rounds of 1 s in each.',
    )
    expect(section).toContain('node 24.1.0, express 5.3.0')
  })

  it('warns of times that were measured on a busy machine', () => {
    expect(summarySection(RESULTS)).not.toContain('busy')
    expect(summarySection({ ...RESULTS, loadBefore: 6.1 })).toContain(
      'a load of 6.10 on 2 cores before the run',
    )
  })

  it('shows ratios beside their goals', () => {
    expect(section).toContain(
      '| Express | 4.50 × (goal: at least 5), not reached | 0.50 × (goal: at most 0.6) | 1.25 × (goal: at most 1.25) | 4.00 × (goal: at least 6), not reached | 1.00 µs (goal: at most 2) |',
    )
  })

  it('shows overheads with their spread, a dash where there is none, allocations, and spans that were lost', () => {
    expect(section).toContain('Without tracing: 100 µs (99.0 to 102) and 10.0 kB per request.')
    expect(section).toContain(
      '| spanwright | 1.00 µs (0.00 to 3.00) | 10.0 µs (9.00 to 12.0) | 20.0 µs (19.0 to 22.0) | 2.00 kB | 1 | – |',
    )
    expect(section).toContain(
      '| OpenTelemetry | – | 40.0 µs (39.0 to 42.0) | 90.0 µs (89.0 to 92.0) | 9.00 kB | 1 | 25.0 % |',
    )
    expect(section).toContain('| Sentry | – | – | failed | – | – | – |')
  })

  it('shows what a process needs besides, where everything is exported', () => {
    expect(section).toContain('| no tracing | 200 ms | 100 MB | 10.0 ms |')
    expect(section).toContain('| spanwright | 240 ms | 120 MB | 12.0 ms |')
  })

  it('says which library was left out', () => {
    expect(section).toContain('Left out: PostgreSQL: initdb failed')
  })

  it('replaces what an earlier run wrote, and nothing else', () => {
    const document =
      '# Title\n\n<!-- summary: written by npm run bench -->\nold\n<!-- end of summary -->\n\n<!-- results: written by npm run bench -->\n\nold\n\n<!-- end of results -->\n\n## Method\n'
    const once = withResults(document, RESULTS)
    expect(once).not.toContain('old')
    expect(once.startsWith('# Title\n\n<!-- summary')).toBe(true)
    expect(once.endsWith('<!-- end of results -->\n\n## Method\n')).toBe(true)
    expect(withResults(once, RESULTS)).toBe(once)
  })

  it('writes what a package costs into its README', () => {
    expect(packagesWithCost(RESULTS)).toEqual(['express'])
    const readme = '# Title\n\n<!-- cost: written by npm run bench -->\n<!-- end of cost -->\n\n## Versions\n'
    expect(withCost(readme, RESULTS, 'express')).toContain(
      '| Express, per request | 100 | 1.00 | 20.0 | 40.0 | 90.0 | 2.00 kB |',
    )
  })

  it('refuses a document without a place for it', () => {
    expect(() => withResults('# Title\n', RESULTS)).toThrow('no place')
  })
})

describe('the picture', () => {
  const svg = picture(RESULTS)

  it('draws a bar for every overhead there is', () => {
    // spanwright and otel in two states, by hand in one each; sentry failed.
    expect(svg.match(/<rect /g)).toHaveLength(6)
  })

  it('draws them in proportion', () => {
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*class="(\S+?)"/g)].map(
      ([, width, name]) => [name, Number(width)] as const,
    )
    const [unsampled, exported] = widths.filter(([name]) => name === 'otel').map(([, width]) => width)
    expect(unsampled).toBeCloseTo(((exported ?? 0) * 40) / 90, 0)
    expect(exported).toBeGreaterThan(100)
  })

  it('leaves out what was skipped', () => {
    expect(svg).toContain('Express, per request')
    expect(svg).not.toContain('pg pool.query')
  })
})

describe('isFlat', () => {
  const gone = { watched: 1000, spans: 0, requests: 0, responses: 0 }
  const spans = { recorded: 100, exported: 60, dropped: 30, waiting: 10 }
  const first = { requests: 100_000, heapBytes: 200e6, programBytes: 100e6, survivors: gone, spans }

  it('allows for two per cent, up and down', () => {
    expect(isFlat([first, { ...first, programBytes: 101.9e6 }, { ...first, programBytes: 98.1e6 }])).toBe(
      true,
    )
    expect(isFlat([first, { ...first, programBytes: 102.1e6 }])).toBe(false)
    expect(isFlat([first, { ...first, programBytes: 97.9e6 }])).toBe(false)
  })

  it('leaves out what V8 keeps for itself', () => {
    expect(isFlat([first, { ...first, heapBytes: 210e6 }])).toBe(true)
  })

  it('does not allow for anything that is still reachable', () => {
    expect(isFlat([first, { ...first, survivors: { ...gone, spans: 1 } }])).toBe(false)
  })

  it('asks for every span to be counted', () => {
    expect(isFlat([first, { ...first, spans: { ...spans, dropped: 29 } }])).toBe(false)
  })
})

describe('the memory benchmark', () => {
  const survivors = { watched: 1000, spans: 0, requests: 1, responses: 2 }
  const spans = { recorded: 4_000_000, exported: 3_000_000, dropped: 1_000_000, waiting: 0 }
  const checkpoints = [
    { requests: 100_000, heapBytes: 24e6, programBytes: 20e6, survivors, spans },
    { requests: 500_000, heapBytes: 23.9e6, programBytes: 19.9e6, survivors, spans },
    { requests: 1_000_000, heapBytes: 24.3e6, programBytes: 20.3e6, survivors, spans },
  ]

  const LAST =
    'Reachable of the last 1000: 0 spans, 1 requests, 2 responses. Spans: 4000000 recorded = 3000000 exported + 1000000 dropped + 0 waiting'

  it('writes what it saw into a place of its own', () => {
    const document = `a\n<!-- memory: written by npm run bench -- memory -->\nold\n<!-- end of memory -->\nb\n`
    const once = withMemory(document, { date: '2026-11-22', node: 'v24.1.0', checkpoints })
    expect(once).toMatch(/^a\n<!-- memory[^]*<!-- end of memory -->\nb\n$/)
    expect(once).not.toContain('old')
    expect(once).toContain('Measured on 2026-11-22 with Node v24.1.0.')
    expect(once).toContain(
      '| requests | heap after all garbage was collected | from the first | made by the program | from the first |',
    )
    expect(once).toContain('| 500000 | 23.90 MB | −0.42 % | 19.90 MB | −0.50 % |')
    expect(once).toContain(`${LAST}.`)
  })

  it('shows how far the heap is from its first state, and what is still reachable', () => {
    expect(memoryTable(checkpoints).split('\n').slice(1)).toEqual([
      '     100000 requests  24.00 MB  +0.00 %  20.00 MB  +0.00 %',
      '     500000 requests  23.90 MB  −0.42 %  19.90 MB  −0.50 %',
      '    1000000 requests  24.30 MB  +1.25 %  20.30 MB  +1.50 %',
      LAST,
    ])
  })
})
