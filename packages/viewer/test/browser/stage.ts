import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { FROM_SOURCE } from '@spanwright/test-kit'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

import { startViewer, type Viewer, type ViewerOptions } from '../../src/index.ts'
import { buildPage } from '../page.ts'
import { launchChromium } from './chromium.ts'

/** A browser and a viewer with the page as it is published. */
export interface Stage extends AsyncDisposable {
  readonly browser: Browser
  readonly viewer: Viewer
  /** Opens a page, and records its complaints and what it loads from elsewhere. */
  open(path?: string, options?: BrowserContextOptions): Promise<Page>
  /**
   * Checks that no page complained.
   * @throws Error with the complaints
   */
  check(): void
  /** Forgets the one expected complaint. */
  expect(complaint: RegExp): void
  /** Sends scenarios with an SDK in a separate process. Returns their trace ids. */
  send(...scenarios: readonly string[]): Promise<string[]>
}

/** Starts a browser and a viewer. */
export async function startStage(options: ViewerOptions = {}): Promise<Stage> {
  buildPage()
  const browser = await launchChromium()
  const viewer = await startViewer({ port: 0, ...options })
  const complaints: string[] = []

  async function open(path = '/', settings: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1360, height: 760 },
      timezoneId: 'UTC',
      locale: 'en',
      permissions: ['clipboard-read', 'clipboard-write'],
      ...settings,
    })
    const page = await context.newPage()
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(String(error)))
    page.on('dialog', dialog => complaints.push(`a dialog: ${dialog.message()}`))
    page.on('request', request => {
      const url = request.url()
      if (!url.startsWith(viewer.url) && !/^(?:file|data|blob):/.test(url)) complaints.push(`loads ${url}`)
    })
    await page.goto(path.startsWith('file:') ? path : viewer.url + path)
    return page
  }

  return {
    browser,
    viewer,
    open,
    check() {
      if (complaints.length > 0) throw new Error(complaints.splice(0).join('\n'))
    },
    expect(complaint) {
      const [only = ''] = complaints.splice(0)
      if (!complaint.test(only)) throw new Error(`no page complained about ${String(complaint)}`)
    },
    async send(...scenarios) {
      const program = join(__dirname, 'send-program.ts')
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...FROM_SOURCE,
        program,
        viewer.url,
        ...scenarios,
      ])
      return JSON.parse(stdout) as string[]
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await viewer.stop()
    },
  }
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
  }[]
}

/** The faults that axe finds serious on a page. */
export async function seriousFaultsOf(page: Page): Promise<string[]> {
  // Bypasses the content security policy of the page, as a debugger does.
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResult
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html} ${node.failureSummary}`))
}
