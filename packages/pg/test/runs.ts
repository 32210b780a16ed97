/** How many generated cases are tried: a tenth of all in `npm test`, all in `npm run test:sweeps`. */
export function runs(all: number): number {
  return process.env['SWEEPS'] === 'all' ? all : all / 10
}
