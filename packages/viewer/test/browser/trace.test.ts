import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'

import { documentFrom, spanIdOf, traceIdOf } from '../traces.ts'
import { LARGE } from './large.ts'
import { seriousFaultsOf, type Stage, startStage } from './stage.ts'

jest.setTimeout(60_000)

let stage: Stage
let page: Page
let orders: string[]
let cart: string
beforeAll(async () => {
  stage = await startStage()
  const ids = await stage.send('orders', 'cart')
  orders = ids.slice(0, 4)
  cart = ids[4] ?? ''
  page = await stage.open()
})
afterEach(() => stage.check())
afterAll(async () => await stage[Symbol.asyncDispose]())

/** Opens a trace, or a span of it. Its waterfall has the focus. */
async function openTrace(traceId: string, more = ''): Promise<void> {
  await page.goto('about:blank')
  await page.goto(`${stage.viewer.url}/#/trace/${traceId}${more}`)
  await waterfall().waitFor()
}

function waterfall(): ReturnType<Page['getByRole']> {
  return page.getByRole('treegrid', { name: 'Spans' })
}

/** The rows as text: level, and the first cell. */
function rows(): Promise<string[]> {
  return waterfall()
    .getByRole('row')
    .evaluateAll(all =>
      all.map(row => {
        const cell = row.querySelector('[role=gridcell]') as HTMLElement
        return `${row.getAttribute('aria-level')} ${cell.innerText.replaceAll(/\s+/g, ' ').trim()}`
      }),
    )
}

async function selected(): Promise<string> {
  const row = waterfall().locator('[role=row][aria-selected=true]')
  await row.waitFor()
  expect(await waterfall().getAttribute('aria-activedescendant')).toBe(await row.getAttribute('id'))
  return (await row.getByRole('gridcell').first().innerText()).replaceAll(/\s+/g, ' ').trim()
}

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

describe('the waterfall', () => {
  it('shows the spans as a tree, with service, kind, duration and error', async () => {
    await openTrace(orders[3] ?? '')
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('POST /orders')
    expect(await rows()).toEqual([
      '1 gateway POST /orders server 23514',
      '2 POST client',
      '3 inventory POST /reservations server',
      '4 UPDATE stock client',
      '2 INSERT orders client 23514',
    ])
    expect(await waterfall().getByRole('row').nth(4).getByRole('gridcell').nth(1).innerText()).toBe('22.8 ms')
    expect(await page.title()).toBe('POST /orders · 63.4 ms')
  })

  it('places bars on a common time line, and marks the critical path', async () => {
    const bars = await waterfall()
      .locator('.bar')
      .evaluateAll(all =>
        all.map(bar => [
          (bar as HTMLElement).style.left,
          (bar as HTMLElement).style.width,
          bar.querySelector('.on-path') !== null,
        ]),
      )
    const shares = bars.map(([left, width, isOnPath]) => [
      Math.round(Number.parseFloat(String(left).replace('min(', ''))),
      Math.round(Number.parseFloat(String(width))),
      isOnPath,
    ])
    expect(shares).toEqual([
      [0, 100, true],
      [6, 45, true],
      [14, 32, true],
      [21, 21, true],
      [57, 36, true],
    ])
  })

  it('can be used by keyboard: rows, errors, collapse, search, zoom', async () => {
    await openTrace(orders[3] ?? '')
    await press('ArrowDown', 'ArrowDown')
    expect(await selected()).toBe('POST client')
    await press('n')
    expect(await selected()).toBe('INSERT orders client 23514')
    await press('n')
    expect(await selected()).toBe('gateway POST /orders server 23514')
    await press('p')
    expect(await selected()).toBe('INSERT orders client 23514')
    expect(page.url()).toMatch(/\?span=[\da-f]{16}$/)
    await press('ArrowUp', 'ArrowLeft')
    expect(await selected()).toBe('inventory POST /reservations server')
    await press('ArrowLeft')
    expect(await rows()).toEqual([
      '1 gateway POST /orders server 23514',
      '2 POST client',
      '3 inventory POST /reservations server +1',
      '2 INSERT orders client 23514',
    ])
    await press('ArrowRight', 'ArrowRight')
    expect(await selected()).toBe('UPDATE stock client')
    await press('/')
    await page.keyboard.type('insert')
    await press('Enter')
    expect(await selected()).toBe('INSERT orders client 23514')
    await press('z')
    await page.getByRole('button', { name: '36.0 ms – 58.8 ms' }).waitFor()
    await press('0', 'Escape')
    expect(await page.getByRole('button', { name: '36.0 ms – 58.8 ms' }).count()).toBe(0)
    expect(await waterfall().getAttribute('aria-activedescendant')).toBe(null)
  })

  it('opens at the span that a link names', async () => {
    await openTrace(cart)
    await press('n')
    const link = page.url()
    await openTrace(cart, link.slice(link.indexOf('?')))
    expect(await selected()).toBe('GET client 503')
    expect(await page.getByRole('article', { name: 'GET' }).count()).toBe(1)
  })

  it('has ten thousand spans, of which only the visible ones are in the page', async () => {
    stage.viewer.add(documentFrom(LARGE))
    await openTrace(traceIdOf())
    expect(await page.getByText('10,001 spans').count()).toBe(1)
    expect(await waterfall().getAttribute('aria-rowcount')).toBe('10001')
    expect(await waterfall().getByRole('row').count()).toBeLessThan(80)
    await press('End')
    expect(await selected()).toBe('catalogue write row 9999')
    expect(await waterfall().getByRole('row').count()).toBeLessThan(80)
    await page.evaluate(() => document.querySelector('.waterfall')?.scrollTo(0, 140_000))
    await waterfall().getByText('write row 4999', { exact: true }).waitFor()
    await press('Home')
    expect(await selected()).toBe('importer import catalogue')
  })

  it('shows that clocks disagree, and that parents are missing', async () => {
    stage.viewer.add(
      documentFrom([
        { id: '1', trace: 'c1', name: 'GET', kind: 'CLIENT', service: 'shop', at: [50, 90] },
        {
          id: '2',
          trace: 'c1',
          parent: '1',
          name: 'GET /prices',
          kind: 'SERVER',
          service: 'prices',
          at: [20, 55],
        },
        { id: '3', trace: 'c1', parent: '9', name: 'lost', service: 'prices', at: [20, 30] },
      ]),
    )
    await openTrace(traceIdOf('c1'))
    await page.getByRole('tab', { name: 'Findings' }).click()
    expect(await page.getByText('The clock of prices is at least 30.0 ms behind that of shop').count()).toBe(
      1,
    )
    expect(await page.getByText('The trace is not whole.').count()).toBe(1)
    expect(await page.getByRole('heading', { name: '1 parent is missing' }).count()).toBe(1)
  })

  it('adds spans that arrive while it is open', async () => {
    stage.viewer.add(documentFrom([{ id: '1', trace: 'd1', name: 'long job', at: [0, 100] }]))
    await openTrace(traceIdOf('d1'))
    stage.viewer.add(documentFrom([{ id: '2', trace: 'd1', parent: '1', name: 'late step', at: [50, 90] }]))
    await waterfall().getByText('late step').waitFor()
  })
})

describe('the panel', () => {
  it('shows attributes that can be copied, events, and links that can be followed', async () => {
    await openTrace(cart)
    await press('n', 'n')
    const panel = page.getByRole('article', { name: 'GET /levels' })
    expect(await panel.getByText('PoolTimeout', { exact: true }).count()).toBeGreaterThan(0)
    expect(await panel.getByText('at levels (/srv/stock/levels.js:18:24)').count()).toBe(1)
    await panel.getByRole('button', { name: 'Copy the value of http.route' }).click()
    await page.getByRole('status').getByText('http.route copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('/levels')
    await openTrace(orders[0] ?? '')
    await waterfall().getByText('process orders.placed').click()
    await page.getByRole('link', { name: 'gateway send orders.placed' }).click()
    expect(await selected()).toBe('send orders.placed producer')
  })

  it('shows each finding with its evidence and what to do, and links to its spans', async () => {
    await openTrace(cart)
    const cards = page.getByRole('list', { name: 'Findings' }).getByRole('listitem')
    expect(await cards.getByRole('heading').allInnerTexts()).toEqual([
      'SELECT products runs 9 times',
      '3 calls run one after the other',
      'GET took 2 tries',
    ])
    const first = cards.first()
    expect(await first.innerText()).toContain(
      'load items sends the same query 9 times, 108 ms together (74 % of its time).',
    )
    expect(await first.innerText()).toContain('Ask for all rows at once')
    await first.getByRole('button', { name: 'Show the 9 spans' }).click()
    expect(await selected()).toBe('SELECT products client')
    await first.getByRole('button', { name: 'Show the next span' }).click()
    expect(await first.innerText()).toContain('2 of 9')
  })

  it('finds nothing in the traces of the demo', async () => {
    for (const traceId of orders) {
      await openTrace(traceId)
      await page.getByRole('tab', { name: 'Findings 0' }).click()
      await page.getByText('Nothing stands out in this trace.').waitFor()
    }
  })

  it.each(['light', 'dark'] as const)(
    'has no fault that axe finds serious, and neither has the waterfall, in %s',
    async colorScheme => {
      await page.emulateMedia({ colorScheme })
      await openTrace(cart)
      expect(await seriousFaultsOf(page)).toEqual([])
      await press('n', 'n')
      await page.getByText('Resource').click()
      expect(await seriousFaultsOf(page)).toEqual([])
    },
  )
})

describe('a link to a trace that does not exist', () => {
  it('shows that the trace is not kept', async () => {
    await page.goto(`${stage.viewer.url}/#/trace/${'f'.repeat(32)}?span=${spanIdOf('1')}`)
    await page.getByText('This trace is not kept').waitFor()
    // The browser itself reports the response.
    stage.expect(/404/)
  })
})
