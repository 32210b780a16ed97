import type { JSX } from 'preact'

import { serviceStyle } from './colors.ts'

/** The name of a service, with its colour. */
export function Service({ name }: { readonly name: string }): JSX.Element {
  return (
    <span class="service" style={serviceStyle(name)}>
      {name}
    </span>
  )
}
