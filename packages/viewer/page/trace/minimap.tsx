import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { duration } from '../../src/findings/words.ts'
import type { Trace } from '../../src/model/trace.ts'
import { hueOf } from '../parts/colors.ts'
import { useApp } from '../state/app.ts'
import { zoomOut, zoomTo } from '../state/selection.ts'
import { positionIn } from './layout.ts'

const HEIGHT = 44

/** The overview of the whole trace: dragging over it zooms, a double click shows everything. */
export function Minimap({ trace }: { readonly trace: Trace }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const window = useApp(state => state.window)
  const [drag, setDrag] = useState<{ from: number; to: number }>()
  useEffect(() => {
    const element = canvas.current
    if (!element) return undefined
    const draw = (): void => drawTrace(element, trace)
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    const themes = new MutationObserver(draw)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      observer.disconnect()
      themes.disconnect()
      dark.removeEventListener('change', draw)
    }
  }, [trace])
  const whole = { start: 0, end: trace.duration || 1 }
  const shown = drag ? { start: Math.min(drag.from, drag.to), end: Math.max(drag.from, drag.to) } : window
  const left = positionIn(whole, shown.start)
  const right = positionIn(whole, shown.end)
  const isZoomed = right - left < 99.9
  return (
    <div class="minimap">
      <div
        class="minimap-area"
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId)
          setDrag({ from: momentAt(event), to: momentAt(event) })
        }}
        onPointerMove={event => drag && setDrag({ ...drag, to: momentAt(event) })}
        onPointerUp={() => {
          setDrag(undefined)
          if (drag && Math.abs(drag.to - drag.from) > whole.end / 200) zoomTo(shown.start, shown.end)
        }}
        onDblClick={zoomOut}
      >
        <canvas
          ref={canvas}
          height={HEIGHT}
          role="img"
          aria-label={`The whole trace, ${duration(trace.duration)}`}
        />
        {isZoomed && (
          <>
            <i class="minimap-shade" style={{ left: 0, width: `${left}%` }} />
            <i class="minimap-shade" style={{ left: `${right}%`, right: 0 }} />
            <i class="minimap-window" style={{ left: `${left}%`, width: `${right - left}%` }} />
          </>
        )}
      </div>
    </div>
  )

  function momentAt(event: PointerEvent): number {
    const { left: from, width } = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return whole.end * Math.max(0, Math.min(1, (event.clientX - from) / width))
  }
}

function drawTrace(canvas: HTMLCanvasElement, trace: Trace): void {
  const ratio = devicePixelRatio
  const width = canvas.clientWidth
  canvas.width = width * ratio
  canvas.height = HEIGHT * ratio
  const context = canvas.getContext('2d')
  if (!context) return
  context.scale(ratio, ratio)
  const isDark = getComputedStyle(canvas).getPropertyValue('--is-dark').trim() === '1'
  const rowHeight = Math.min(6, (HEIGHT - 6) / trace.spans.length)
  for (const [index, span] of trace.spans.entries()) {
    const left = (width * span.start) / (trace.duration || 1)
    const length = Math.max(1, (width * span.duration) / (trace.duration || 1))
    const hue = span.failed ? 25 : hueOf(span.service)
    context.fillStyle = isDark ? `oklch(0.7 0.12 ${hue})` : `oklch(0.62 0.14 ${hue})`
    context.fillRect(left, 3 + index * rowHeight, length, Math.max(1, rowHeight - 1))
  }
}
