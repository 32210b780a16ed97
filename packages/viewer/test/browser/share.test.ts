import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'

import { createShareFile } from '../../src/index.ts'
import { readTraceFile } from '../../src/cli/files.ts'
import { documentFrom } from '../traces.ts'
import { seriousFaultsOf, type Stage, startStage } from './stage.ts'

jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'spanwright share '))
let stage: Stage
let order: string
let attack: string
beforeAll(async () => {
  stage = await startStage()
  const ids = await stage.send('orders', 'attack')
  order = ids[0] ?? ''
  attack = ids[4] ?? ''
})
afterEach(() => stage.check())
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Saves the download that a click on a page starts. Returns the path of the file. */
async function download(page: Page, click: () => Promise<void>): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), click()])
  const path = join(folder, file.suggestedFilename())
  await file.saveAs(path)
  return path
}

function spanNames(page: Page): Promise<string[]> {
  return page.getByRole('treegrid', { name: 'Spans' }).locator('.span-name').allInnerTexts()
}

describe('a share file', () => {
  it('is one file that opens from disk and loads nothing', async () => {
    const page = await stage.open(`/#/trace/${order}`)
    const path = await download(page, () => page.getByRole('link', { name: 'Share' }).click())
    expect(path).toMatch(/trace-[\da-f]{8}\.html$/)
    const shared = await stage.open(pathToFileURL(path).href)
    await shared.getByRole('heading', { name: 'POST /orders' }).first().waitFor()
    expect(await spanNames(shared)).toEqual([
      'POST /orders',
      'POST',
      'POST /reservations',
      'UPDATE stock',
      'INSERT orders',
      'send orders.placed',
      'process orders.placed',
      'UPDATE orders',
    ])
    expect(await shared.getByRole('link', { name: 'Share' }).count()).toBe(0)
    await shared.keyboard.press('ArrowDown')
    await shared.getByRole('article', { name: 'POST /orders' }).waitFor()
    expect(await seriousFaultsOf(shared)).toEqual([])
  })

  it('of several traces has a list of them', async () => {
    const path = join(folder, 'several.html')
    const spans = ['a1', 'a2'].map(trace => ({ id: '1', trace, name: `job ${trace}` }))
    writeFileSync(path, createShareFile(documentFrom(spans)))
    const shared = await stage.open(pathToFileURL(path).href)
    await shared.getByRole('link', { name: 'job a2' }).click()
    expect(await spanNames(shared)).toEqual(['job a2'])
  })
})

describe('the content of a trace', () => {
  it('never becomes markup of the page or of a share file', async () => {
    const page = await stage.open(`/#/trace/${attack}`)
    const path = await download(page, () => page.getByRole('link', { name: 'Share' }).click())
    const shared = await stage.open(pathToFileURL(path).href)
    const list = await stage.open('/#/')
    for (const [where, each] of [
      ['viewer', page],
      ['file', shared],
    ] as const) {
      await each.getByRole('treegrid').waitFor()
      await each.keyboard.press('n')
      const article = each.getByRole('article')
      await article.waitFor()
      expect([where, await article.innerText()]).toEqual([
        where,
        expect.stringContaining('</script><script>hacked=1</script>'),
      ])
      expect(await article.locator('img, script, a[href^="javascript"]').count()).toBe(0)
    }
    await list.getByRole('button', { name: 'Group by route' }).click()
    for (const each of [page, shared, list]) expect(await each.evaluate('typeof hacked')).toBe('undefined')
  })
})

describe('other formats', () => {
  it('are the tree that the terminal shows, and OTLP JSON that show reads', async () => {
    const page = await stage.open(`/#/trace/${order}`)
    await page.getByRole('treegrid').waitFor()
    await page.keyboard.press('c')
    await page.getByRole('status').getByText('Text copied').waitFor()
    const text = await page.evaluate(() => navigator.clipboard.readText())
    expect(text.split('\n')[0]).toBe(`trace ${order}  8 spans, 3 services, 159.2 ms`)
    expect(text).toContain('inventory   │     └─ CLIENT UPDATE stock ')
    const path = await download(page, () => page.getByRole('button', { name: 'JSON' }).click())
    const [document] = readTraceFile(path)
    expect(document).toEqual(JSON.parse(readFileSync(path, 'utf8')))
    expect(document?.resourceSpans).toHaveLength(3)
    await page.getByRole('button', { name: 'Copy a link' }).click()
    await page.getByRole('status').getByText('Link copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      `${stage.viewer.url}/#/trace/${order}`,
    )
  })
})
