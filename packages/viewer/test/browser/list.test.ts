import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'

import { documentFrom, type SpanInWords } from '../traces.ts'
import { seriousFaultsOf, type Stage, startStage } from './stage.ts'

jest.setTimeout(60_000)

let stage: Stage
let page: Page
beforeAll(async () => {
  stage = await startStage()
  await stage.send('orders', 'cart')
  page = await stage.open()
  await rows().nth(4).waitFor()
})
afterEach(() => stage.check())
afterAll(async () => await stage[Symbol.asyncDispose]())

function rows(): ReturnType<Page['getByRole']> {
  return page
    .getByRole('grid', { name: 'Traces' })
    .getByRole('row')
    .filter({ hasNot: page.getByRole('columnheader') })
}

/** The names of the listed traces, once there are as many as expected. */
async function names(number: number): Promise<string[]> {
  await page.waitForFunction(wanted => document.querySelectorAll('[role=grid] a').length === wanted, number)
  return rows().getByRole('link').allTextContents()
}

const ALL = ['GET /carts/:id', 'POST /orders', 'GET /orders/:id', 'POST /orders', 'POST /orders']

describe('the list', () => {
  it('shows each trace with its services, duration, spans, errors and findings', async () => {
    expect(await names(5)).toEqual(ALL)
    const cells = await rows().first().getByRole('gridcell').allInnerTexts()
    expect(cells.map(cell => cell.replaceAll(/\s+/g, ' ').trim())).toEqual([
      '09:00:04.000',
      'GET /carts/:id storefront pricing stock',
      '412 ms',
      '22',
      '2',
      '3',
    ])
    expect(await page.getByText('5 traces', { exact: true }).count()).toBe(1)
    expect(await page.title()).toBe('5 traces · Spanwright')
  })

  it('filters by text, service, attribute, duration, errors and findings, and the address keeps the filter', async () => {
    const text = page.getByRole('searchbox', { name: 'Text' })
    await text.fill('fulfil')
    expect(await names(1)).toEqual(['POST /orders'])
    expect(page.url()).toContain('#/?text=fulfil')
    await page.reload()
    expect(await names(1)).toEqual(['POST /orders'])
    await text.fill('no such thing')
    await page.getByRole('link', { name: 'Show all traces' }).click()
    expect(await names(5)).toEqual(ALL)
    const service = page.getByRole('combobox', { name: 'Service' })
    await service.selectOption('inventory')
    expect(await names(3)).toEqual(['POST /orders', 'POST /orders', 'POST /orders'])
    await page.getByRole('spinbutton', { name: 'Minimal duration in milliseconds' }).fill('100')
    expect(await names(1)).toEqual(['POST /orders'])
    await page.goto(`${stage.viewer.url}/#/`)
    await page.getByRole('checkbox', { name: 'Errors only' }).check()
    expect(await names(3)).toEqual(['GET /carts/:id', 'POST /orders', 'POST /orders'])
    await page.getByRole('checkbox', { name: 'Findings only' }).check()
    expect(await names(1)).toEqual(['GET /carts/:id'])
    await page.goto(`${stage.viewer.url}/#/`)
    await page.getByRole('textbox', { name: 'Attribute' }).fill('http.response.status_code=404')
    expect(await names(1)).toEqual(['GET /orders/:id'])
    await page.goto(`${stage.viewer.url}/#/`)
    await names(5)
  })

  it('sorts by a column, and back', async () => {
    const duration = page.getByRole('columnheader', { name: 'Duration' })
    await duration.getByRole('button').click()
    expect(await duration.getAttribute('aria-sort')).toBe('descending')
    expect(await rows().first().innerText()).toContain('412 ms')
    await duration.getByRole('button').click()
    expect(await rows().first().innerText()).toContain('14.2 ms')
    await page.getByRole('columnheader', { name: 'Time' }).getByRole('button').click()
    expect(await names(5)).toEqual(ALL)
  })

  it('groups by route with count, percentiles and errors, and a route links to its traces', async () => {
    await page.getByRole('button', { name: 'Group by route' }).click()
    const table = page.getByRole('table', { name: 'Routes' })
    const first = table.getByRole('row').nth(1)
    expect((await first.innerText()).split(/\s+/)).toEqual([
      'POST',
      '/orders',
      'gateway',
      '3',
      '63.4',
      'ms',
      '159',
      'ms',
      '159',
      'ms',
      '2',
      '0',
    ])
    expect(await seriousFaultsOf(page)).toEqual([])
    await first.getByRole('button', { name: 'POST /orders' }).click()
    expect(await names(3)).toEqual(['POST /orders', 'POST /orders', 'POST /orders'])
    await page.goto(`${stage.viewer.url}/#/`)
    await names(5)
  })

  it('can be used by keyboard: search, choose, open, go back', async () => {
    await page.keyboard.press('/')
    await page.keyboard.type('gateway')
    await names(4)
    await page.keyboard.press('Enter')
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('j')
    const chosen = rows().and(page.locator('[aria-selected=true]'))
    expect(await chosen.getByRole('link').innerText()).toBe('GET /orders/:id')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'GET /orders/:id' }).waitFor()
    await page.goBack()
    expect(await names(4)).toHaveLength(4)
    await page.goto(`${stage.viewer.url}/#/`)
    await names(5)
  })

  it('shows new traces immediately, and holds them back while it is paused', async () => {
    const one = (trace: string, name: string): SpanInWords => ({
      id: '1',
      trace,
      name,
      kind: 'SERVER',
      at: [90_000, 90_010],
    })
    stage.viewer.add(documentFrom([one('a1', 'GET /live')]))
    expect(await names(6)).toEqual(['GET /live', ...ALL])
    await page.getByRole('button', { name: 'Pause' }).click()
    stage.viewer.add(documentFrom([one('a2', 'GET /later')]))
    await page.getByRole('button', { name: 'Show 1 new' }).waitFor()
    expect(await names(6)).toEqual(['GET /live', ...ALL])
    await page.getByRole('button', { name: 'Show 1 new' }).click()
    expect(await names(7)).toContain('GET /later')
  })

  it.each(['light', 'dark'] as const)('has no fault that axe finds serious, in %s', async colorScheme => {
    await page.emulateMedia({ colorScheme })
    expect(await seriousFaultsOf(page)).toEqual([])
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    expect(await seriousFaultsOf(page)).toEqual([])
    await page.keyboard.press('Escape')
  })

  it('shows that older traces were dropped, and what to do when there is none', async () => {
    await using small = await startStage({ maxBytes: 10_000 })
    const empty = await small.open()
    await empty.getByRole('heading', { name: 'Waiting for the first trace' }).waitFor()
    expect(await empty.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${small.viewer.url} node app.js`).count()).toBe(
      1,
    )
    expect(await seriousFaultsOf(empty)).toEqual([])
    for (const trace of ['a1', 'a2', 'a3', 'a4'])
      small.viewer.add(documentFrom([{ id: '1', trace, attributes: { text: 'x'.repeat(3000) } }]))
    await empty.getByText('2 older traces made room for newer ones').waitFor()
    await empty.getByRole('button', { name: 'Clear' }).click()
    await empty.getByRole('heading', { name: 'Waiting for the first trace' }).waitFor()
    small.check()
  })
})
